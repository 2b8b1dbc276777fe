-- How far run $1 was, and when, in seconds since its start.
SELECT extract(epoch FROM p.seen_at - r.started_at)::float8 AS seconds, p.pass, p.values_done
FROM reseal.progress AS p
JOIN reseal.run AS r ON r.run_id = p.run_id
WHERE p.run_id = $1
ORDER BY p.seen_at
