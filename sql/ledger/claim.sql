-- Claims one open shard of run $1's current pass for owner $2, leased for $3 milliseconds of the
-- server's clock. A shard is free when nobody has it, when we had it ourselves (who claims has lost what
-- it had), when its lease has run out, or when the backend that claimed it directly is gone (what we may
-- not see of another role's backend is no sign of that). A live owner that is robbed by mistake loses
-- nothing: its next commit fails at the fence. The close waits for the walk. $4 says whether to leave
-- our own backend as a sign of life; behind a pooler it would mean nothing.
WITH free AS (
    SELECT c.run_id, c.pass, c.table_name, c.shard
    FROM reseal.checkpoint AS c
    JOIN reseal.run AS r ON r.run_id = c.run_id AND r.pass = c.pass
    WHERE c.run_id = $1 AND r.state = 'running' AND r.wanted = 'run' AND NOT c.done
      AND (c.owner IS NULL OR c.owner = $2 OR c.lease_until < clock_timestamp()
           OR (c.owner_pid IS NOT NULL AND NOT EXISTS (
                 SELECT FROM pg_catalog.pg_stat_activity AS a
                 WHERE a.pid = c.owner_pid AND coalesce(a.backend_start = c.owner_started, true))))
      AND (c.step <> 'close' OR NOT EXISTS (
             SELECT FROM reseal.checkpoint AS other
             WHERE other.run_id = c.run_id AND other.pass = c.pass
               AND other.step <> 'close' AND NOT other.done))
    ORDER BY c.table_name, c.shard
    LIMIT 1
    FOR NO KEY UPDATE OF c SKIP LOCKED
), backend AS (
    SELECT a.pid, a.backend_start
    FROM pg_catalog.pg_stat_activity AS a
    WHERE $4 AND a.pid = pg_catalog.pg_backend_pid()
)
UPDATE reseal.checkpoint AS c
SET owner = $2, epoch = c.epoch + 1, waiting = NULL, waiting_for = NULL,
    lease_until = clock_timestamp() + $3 * interval '1 millisecond',
    owner_pid = (SELECT pid FROM backend), owner_started = (SELECT backend_start FROM backend)
FROM free
WHERE c.run_id = free.run_id AND c.pass = free.pass
  AND c.table_name = free.table_name AND c.shard = free.shard
RETURNING c.pass, c.table_name, c.shard, c.step, c.relation, c.range_after, c.range_until, c.key_types,
          c.position, c.epoch, c.barrier
