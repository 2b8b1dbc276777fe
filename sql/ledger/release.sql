-- Gives back every shard of run $1 that owner $2 still holds, so that a successor need not wait; of one that is
-- done only the lease, by which a run is known to be at work.
UPDATE reseal.checkpoint
SET owner = CASE WHEN done THEN owner END, owner_pid = CASE WHEN done THEN owner_pid END,
    owner_started = CASE WHEN done THEN owner_started END, lease_until = NULL,
    waiting = NULL, waiting_for = NULL
WHERE run_id = $1 AND owner = $2 AND lease_until IS NOT NULL
