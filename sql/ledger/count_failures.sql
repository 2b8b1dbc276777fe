-- What pass $2 of run $1 could not reseal, and how much of that was accepted.
SELECT coalesce(sum(value_count), 0)::bigint AS failed,
       coalesce(sum(value_count) FILTER (WHERE accepted_at IS NOT NULL), 0)::bigint AS accepted
FROM reseal.failure
WHERE run_id = $1 AND pass = $2 AND resolved_at IS NULL
