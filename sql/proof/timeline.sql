-- The timeline this server writes on; NULL on a standby.
SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
            ELSE ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))
                 ::bit(32)::bigint END AS timeline
