-- A shard of a pass, before anyone claimed it: $1 run, $2 pass, $3 table, $4 shard, $5 step, $6 relation,
-- $7 relfilenode, $8 after, $9 until, $10 types of the row key
INSERT INTO reseal.checkpoint
    (run_id, pass, table_name, shard, step, relation, relfilenode, range_after, range_until,
     key_types)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
