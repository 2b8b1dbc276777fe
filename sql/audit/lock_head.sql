-- The newest link of the audit chain, locked until the transaction ends; and who appends, and when.
SELECT h.event_id, h.hash, session_user::text AS database_role,
       to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS happened_at
FROM reseal.audit_head AS h
FOR NO KEY UPDATE
