-- What operator $4 (else the role), on host $3, wants of unfinished run $1: $2. Answers what was wanted before; no row
-- when the run has ended. Nothing takes an abandoned run back.
UPDATE reseal.run AS r
SET wanted = $2, wanted_at = clock_timestamp(),
    wanted_by = coalesce($4, session_user::text) || coalesce(' on ' || $3, '')
FROM (SELECT run_id, wanted FROM reseal.run WHERE run_id = $1 FOR UPDATE) AS before
WHERE r.run_id = before.run_id AND r.state = 'running' AND before.wanted <> 'abandon'
RETURNING before.wanted
