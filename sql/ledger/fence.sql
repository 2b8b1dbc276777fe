-- Locks the shard's row and answers only when this worker still owns it at this position and the
-- run is still wanted. First statement of every commit: a zombie stops here.
SELECT r.wanted
FROM reseal.checkpoint AS c
JOIN reseal.run AS r ON r.run_id = c.run_id
WHERE c.run_id = $1 AND c.pass = $2 AND c.table_name = $3 AND c.shard = $4
  AND c.epoch = $5 AND c.position IS NOT DISTINCT FROM $6
  AND r.state = 'running' AND r.pass = c.pass
FOR NO KEY UPDATE OF c
