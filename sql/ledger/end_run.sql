-- Ends run $1 in state $2 with exit code $5, for reason $3, with proof $4; no row when it had ended.
UPDATE reseal.run
SET state = $2, reason = $3, proof = $4::text::jsonb, exit_code = $5,
    completed_at = clock_timestamp()
WHERE run_id = $1 AND state = 'running'
RETURNING run_id
