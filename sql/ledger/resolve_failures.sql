-- Failures of tables $1 that pass $3 of run $2, which saw every row, no longer met: the value opens
-- again, or its row is gone.
UPDATE reseal.failure
SET resolved_at = clock_timestamp()
WHERE table_name = ANY ($1) AND column_name = ANY ($4) AND resolved_at IS NULL
  AND (run_id, pass) < ($2, $3)
