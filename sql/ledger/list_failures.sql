-- Failures; unless $1 without those that were resolved or accepted.
SELECT failure_id, run_id, table_name, column_name, path, row_key, reason, sqlstate, value_count,
       attempts,
       to_char(first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS first_seen_at,
       to_char(last_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_seen_at,
       to_char(resolved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS resolved_at,
       to_char(accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS accepted_at,
       accepted_by, accepted_reason
FROM reseal.failure
WHERE $1 OR (resolved_at IS NULL AND accepted_at IS NULL)
ORDER BY failure_id
