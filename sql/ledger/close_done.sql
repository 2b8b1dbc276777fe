-- The close is done ($1 run, $2 pass, epoch $3), with the final counts: values still under a previous
-- key ($4), failed ($5), and of these accepted ($6).
UPDATE reseal.checkpoint
SET done = true, remaining_values = $4, failed_values = $5, accepted_values = $6
WHERE run_id = $1 AND pass = $2 AND step = 'close' AND epoch = $3
RETURNING epoch
