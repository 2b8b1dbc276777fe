-- Ends one round of the close ($1 run, $2 pass, epoch $3): what is still under a previous key ($4), the
-- barrier of this round ($5), from which a successor looks again, the lease ($6 milliseconds).
UPDATE reseal.checkpoint
SET rounds = rounds + 1, remaining_values = $4, barrier = $5,
    lease_until = clock_timestamp() + $6 * interval '1 millisecond'
WHERE run_id = $1 AND pass = $2 AND step = 'close' AND epoch = $3
RETURNING rounds
