-- Moves the position and adds the counts of one committed page; renews the lease ($12 milliseconds).
-- $13 and $14: what was waited for before it.
UPDATE reseal.checkpoint
SET position = $5, done = $6, pages = pages + 1, rows_read = rows_read + $7,
    current_values = current_values + $8, resealed_values = resealed_values + $9,
    failed_values = failed_values + $10, conflict_values = conflict_values + $11,
    lease_until = clock_timestamp() + $12 * interval '1 millisecond',
    waiting = $13, waiting_for = $14
WHERE run_id = $1 AND pass = $2 AND table_name = $3 AND shard = $4
