-- Standbys that have not replayed $1 (an LSN), or may not have: a role that is no member of
-- pg_read_all_stats sees nothing of them but the process.
SELECT coalesce(nullif(application_name, ''), client_addr::text, 'process ' || pid)
       || CASE WHEN state IS NULL THEN ' (this role may not see how far it is)' ELSE '' END AS standby
FROM pg_catalog.pg_stat_replication
WHERE replay_lsn IS NULL OR replay_lsn < $1::text::pg_lsn
ORDER BY 1
