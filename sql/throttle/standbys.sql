-- How far each physical standby has replayed the WAL, in bytes, and what it says of its lag itself. A role
-- without the privileges of pg_read_all_stats sees nothing of them. Logical subscribers are others' business.
SELECT coalesce(nullif(r.application_name, ''), r.client_addr::text, 'process ' || r.pid) AS standby,
       pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS written,
       pg_wal_lsn_diff(r.replay_lsn, '0/0')::bigint AS replayed,
       extract(epoch FROM r.replay_lag)::double precision AS reported
FROM pg_catalog.pg_stat_replication AS r
WHERE r.replay_lsn IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_replication_slots AS s
      WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
