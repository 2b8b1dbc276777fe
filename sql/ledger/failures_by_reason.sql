-- How many values of run $1 could not be resealed, by reason; the most frequent first.
SELECT f.reason, count(*) AS failures, count(f.accepted_at) AS accepted
FROM reseal.failure AS f
WHERE f.run_id = $1 AND f.resolved_at IS NULL
GROUP BY f.reason
ORDER BY failures DESC, f.reason
