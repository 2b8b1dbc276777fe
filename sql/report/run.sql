-- What else the ledger keeps of run $1.
SELECT r.config_digest, r.tool_version,
       extract(epoch FROM coalesce(r.completed_at, clock_timestamp()) - r.started_at)::float8 AS seconds
FROM reseal.run AS r
WHERE r.run_id = $1
