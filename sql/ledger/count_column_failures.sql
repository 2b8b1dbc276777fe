-- The most failures that one column has in pass $2 of run $1, accepted ones left out.
SELECT f.table_name, f.column_name, sum(f.value_count)::bigint AS failures
FROM reseal.failure AS f
WHERE f.run_id = $1 AND f.pass = $2 AND f.resolved_at IS NULL AND f.accepted_at IS NULL
GROUP BY f.table_name, f.column_name
ORDER BY failures DESC
LIMIT 1
