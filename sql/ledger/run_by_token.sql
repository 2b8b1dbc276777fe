-- The run that token $1 names.
SELECT run_id, state, keys::text AS keys, config_digest FROM reseal.run WHERE token = $1
