-- Failure $1 shall not fail further runs, for reason $2, as long as the value stays what it is.
UPDATE reseal.failure
SET accepted_at = clock_timestamp(), accepted_by = session_user, accepted_reason = $2
WHERE failure_id = $1 AND resolved_at IS NULL
RETURNING run_id
