-- Standbys that have not replayed $1 (an LSN).
SELECT coalesce(nullif(application_name, ''), client_addr::text, 'pid ' || pid) AS standby
FROM pg_catalog.pg_stat_replication
WHERE replay_lsn IS NULL OR replay_lsn < $1::text::pg_lsn
ORDER BY 1
