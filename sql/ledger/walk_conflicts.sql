-- How many values the walk of pass $2 of run $1 was to reseal and did not: their rows were changed
-- meanwhile, or others held them.
SELECT coalesce(sum(conflict_values), 0)::bigint AS conflicts
FROM reseal.checkpoint
WHERE run_id = $1 AND pass = $2 AND step = 'walk'
