-- Who did what, when: $1 run or NULL, $2 event, $3 host or NULL, $4 detail
INSERT INTO reseal.audit_event (run_id, event, host, detail)
VALUES ($1, $2, $3, $4::text::jsonb)
