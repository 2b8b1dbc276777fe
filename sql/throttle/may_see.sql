-- Whether this role sees how far standbys are, and how many there are.
SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS may_see,
       (SELECT count(*) FROM pg_catalog.pg_stat_replication) AS standbys
