-- Unfinished runs that share a column with $1, newest first, and whether anyone is at work on them.
SELECT r.run_id, r.token, r.columns, r.keys::text AS keys, r.config_digest,
       EXISTS (
           SELECT FROM reseal.checkpoint AS c
           WHERE c.run_id = r.run_id AND c.lease_until > clock_timestamp()
             AND (c.owner_pid IS NULL OR EXISTS (
                   SELECT FROM pg_catalog.pg_stat_activity AS a
                   WHERE a.pid = c.owner_pid AND coalesce(a.backend_start = c.owner_started, true)))
       ) AS at_work
FROM reseal.run AS r
WHERE r.state = 'running' AND r.columns && $1
ORDER BY r.run_id DESC
