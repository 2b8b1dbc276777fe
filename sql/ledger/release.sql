-- Gives back every shard of run $1 that owner $2 still holds, so that a successor need not wait.
UPDATE reseal.checkpoint
SET owner = NULL, owner_pid = NULL, owner_started = NULL, lease_until = NULL,
    waiting = NULL, waiting_for = NULL
WHERE run_id = $1 AND owner = $2 AND NOT done
