-- The failures that run $1 was the last to meet, by column, reason and what became of them.
SELECT f.table_name, f.column_name, f.reason, f.disposition, sum(f.value_count)::bigint AS failures
FROM (SELECT table_name, column_name, reason, value_count,
             CASE WHEN resolved_at IS NOT NULL THEN 'resolved'
                  WHEN accepted_at IS NOT NULL THEN 'accepted'
                  ELSE 'open' END AS disposition
      FROM reseal.failure
      WHERE run_id = $1) AS f
GROUP BY f.table_name, f.column_name, f.reason, f.disposition
ORDER BY f.table_name, f.column_name, f.reason, f.disposition
