-- What whoever is at work on run $1 waits for, each reason once.
SELECT DISTINCT ON (c.waiting) c.waiting, c.waiting_for
FROM reseal.checkpoint AS c
WHERE c.run_id = $1 AND NOT c.done AND c.waiting IS NOT NULL AND c.lease_until > clock_timestamp()
ORDER BY c.waiting, c.lease_until DESC
