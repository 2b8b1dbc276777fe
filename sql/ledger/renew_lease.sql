-- Keeps shard ($1 to $4) at epoch $5 for another $6 milliseconds, waiting for $7, in words $8; no row when
-- it was taken over or the run is no longer wanted.
UPDATE reseal.checkpoint AS c
SET lease_until = clock_timestamp() + $6 * interval '1 millisecond', waiting = $7, waiting_for = $8
FROM reseal.run AS r
WHERE c.run_id = $1 AND c.pass = $2 AND c.table_name = $3 AND c.shard = $4 AND c.epoch = $5
  AND r.run_id = c.run_id AND r.state = 'running' AND r.wanted = 'run'
RETURNING c.epoch
