-- The closing unit of a proof ($1 run, $2 pass), with the barrier: every transaction below it had
-- ended before the first page of the walk was read. It must be the snapshot's xmin; from its xmax
-- the close misses rows.
INSERT INTO reseal.checkpoint (run_id, pass, table_name, shard, step, barrier)
VALUES ($1, $2, '', 0, 'close', pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text)
