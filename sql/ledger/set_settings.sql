-- Settings of unfinished run $1 from now on: $2 rows a second, $3 workers; NULL leaves what was set.
UPDATE reseal.run
SET rows_per_second = coalesce($2, rows_per_second), workers = coalesce($3, workers)
WHERE run_id = $1 AND state = 'running'
RETURNING run_id
