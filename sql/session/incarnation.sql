-- Which incarnation of which server this is. The cumulative statistics are reset at every recovery, after
-- a crash as on a standby, and kept over a clean restart; a promotion begins a new timeline. Readable by
-- every role.
SELECT concat_ws(' ',
           CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby'
                ELSE substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) END,
           extract(epoch FROM s.stats_reset))
FROM pg_catalog.pg_stat_bgwriter AS s
