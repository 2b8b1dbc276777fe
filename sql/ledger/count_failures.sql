-- What pass $2 of run $1 could not reseal, and how much of that was accepted.
SELECT count(*) AS failed, count(accepted_at) AS accepted
FROM reseal.failure
WHERE run_id = $1 AND pass = $2 AND resolved_at IS NULL
