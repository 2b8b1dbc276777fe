-- Ends a shard whose table is gone, if we still own it.
UPDATE reseal.checkpoint
SET done = true, owner = NULL, owner_pid = NULL, owner_started = NULL, lease_until = NULL
WHERE run_id = $1 AND pass = $2 AND table_name = $3 AND shard = $4 AND epoch = $5
