-- Moves run $1 from pass $2 to the next one; no row when another process has done so already.
UPDATE reseal.run
SET pass = pass + 1
WHERE run_id = $1 AND pass = $2 AND state = 'running' AND wanted = 'run'
RETURNING pass
