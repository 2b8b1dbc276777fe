-- How many values of run $1 could not be resealed, by reason; the most frequent first.
SELECT f.reason, sum(f.value_count)::bigint AS failures,
       coalesce(sum(f.value_count) FILTER (WHERE f.accepted_at IS NOT NULL), 0)::bigint AS accepted
FROM reseal.failure AS f
WHERE f.run_id = $1 AND f.resolved_at IS NULL
GROUP BY f.reason
ORDER BY failures DESC, f.reason
