-- Unfinished runs that share a column with $1, newest first.
SELECT r.run_id, r.columns, r.keys::text AS keys, r.config_digest
FROM reseal.run AS r
WHERE r.state = 'running' AND r.columns && $1
ORDER BY r.run_id DESC
