-- Every audited event in its order, as it was hashed.
SELECT e.event_id,
       to_char(e.happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS happened_at,
       e.run_id, e.event, e.database_role, e.operator, e.ticket, e.reason, e.host, e.pod,
       e.detail::text AS detail, e.previous_hash, e.hash
FROM reseal.audit_event AS e
ORDER BY e.event_id
