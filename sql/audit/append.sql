-- One more link, and the head moved to it: $1 id, $2 time, $3 run or NULL, $4 event, $5 database role,
-- $6 operator, $7 ticket, $8 reason, $9 host, $10 pod (all or NULL), $11 detail, $12 hash before, $13 hash
WITH appended AS (
    INSERT INTO reseal.audit_event (
        event_id, happened_at, run_id, event, database_role, operator, ticket, reason, host, pod, detail,
        previous_hash, hash)
    VALUES ($1, $2::text::timestamptz, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::json, $12, $13)
    RETURNING event_id, hash
)
UPDATE reseal.audit_head AS h
SET event_id = appended.event_id, hash = appended.hash
FROM appended
