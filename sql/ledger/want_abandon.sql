-- Asks the workers of unfinished run $1 to stop.
UPDATE reseal.run SET wanted = 'abandon'
WHERE run_id = $1 AND state = 'running'
RETURNING run_id
