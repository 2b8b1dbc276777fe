-- Run $1 (the newest when NULL) as the report shows it.
SELECT r.run_id, r.state, r.pass, r.keys::text AS keys, r.total_estimate, r.exit_code, r.reason,
       r.proof::text AS proof, r.wanted, r.wanted_by, r.columns, r.left_out, r.rows_per_second, r.workers,
       to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
       to_char(r.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS completed_at,
       EXISTS (
           SELECT FROM reseal.checkpoint AS c
           WHERE c.run_id = r.run_id AND c.lease_until > clock_timestamp()
             AND (c.owner_pid IS NULL OR EXISTS (
                   SELECT FROM pg_catalog.pg_stat_activity AS a
                   WHERE a.pid = c.owner_pid AND coalesce(a.backend_start = c.owner_started, true)))
       ) AS at_work,
       -- a later run whose current key is a previous one of this run
       (SELECT max(later.run_id)
        FROM reseal.run AS later,
             jsonb_array_elements(later.keys) AS its, jsonb_array_elements(r.keys) AS ours
        WHERE later.run_id > r.run_id AND ours -> 'previous' ? (its ->> 'current')) AS gone_back_by
FROM reseal.run AS r
WHERE $1::bigint IS NULL OR r.run_id = $1
ORDER BY r.run_id DESC
LIMIT 1
