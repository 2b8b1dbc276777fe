-- What pass $2 of run $1 walked: each relation and the file it had then.
SELECT DISTINCT relation, relfilenode, table_name
FROM reseal.checkpoint
WHERE run_id = $1 AND pass = $2 AND step = 'walk'
