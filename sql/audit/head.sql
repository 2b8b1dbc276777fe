-- The newest link of the audit chain, as whoever appended it noted.
SELECT event_id, hash FROM reseal.audit_head
