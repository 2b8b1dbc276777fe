-- Whether WAL is archived, which segment is written and which was archived last, and whether this role may
-- list those in between.
SELECT current_setting('archive_mode') <> 'off' AS archives,
       pg_catalog.pg_size_bytes(current_setting('wal_segment_size')) AS segment_bytes,
       pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) AS writing,
       a.last_archived_wal AS archived,
       has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'EXECUTE') AS may_list
FROM pg_catalog.pg_stat_archiver AS a
