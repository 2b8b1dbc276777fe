-- What the checkpoints of run $1 add up to, by pass, step and table.
SELECT c.pass, c.step, c.table_name, bool_and(c.done) AS done,
       sum(c.rows_read)::bigint AS rows_read,
       sum(c.current_values)::bigint AS current_values,
       sum(c.resealed_values)::bigint AS resealed_values,
       sum(c.failed_values)::bigint AS failed_values,
       sum(c.conflict_values)::bigint AS conflict_values,
       sum(c.remaining_values)::bigint AS remaining_values,
       sum(c.accepted_values)::bigint AS accepted_values,
       sum(c.rounds)::bigint AS rounds
FROM reseal.checkpoint AS c
WHERE c.run_id = $1
GROUP BY c.pass, c.step, c.table_name
ORDER BY c.pass, c.step DESC, c.table_name
