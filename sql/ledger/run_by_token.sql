-- The run that token $1 names.
SELECT run_id, state FROM reseal.run WHERE token = $1
