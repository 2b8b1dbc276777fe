-- The server, the database and what this role may do there.
SELECT current_setting('server_version_num')::integer AS version,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       current_database()::text AS database_name,
       current_user::text AS role_name,
       (SELECT setting::integer FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout')
           AS deadlock_timeout_ms,
       pg_catalog.pg_size_bytes(current_setting('max_wal_size')) AS wal_bytes_max,
       (current_setting('log_parameter_max_length') <> '0'
            AND (current_setting('log_statement') IN ('mod', 'all')
                 OR current_setting('log_min_duration_statement') <> '-1'
                 OR current_setting('log_duration') = 'on'))
           OR current_setting('log_parameter_max_length_on_error') <> '0' AS logs_parameters,
       ARRAY(SELECT pubname::text FROM pg_catalog.pg_publication WHERE puballtables ORDER BY 1)
           AS publications_of_all_tables,
       EXISTS (SELECT FROM pg_catalog.pg_class AS c
               WHERE c.relnamespace = to_regnamespace('reseal') AND c.relname = 'ledger_version')
           AS has_ledger,
       -- what was granted on the tables is of no use without the schema
       ARRAY(SELECT c.relname::text
             FROM pg_catalog.pg_class AS c
             WHERE c.relnamespace = to_regnamespace('reseal') AND c.relkind = 'r'
               AND NOT (has_schema_privilege(c.relnamespace, 'USAGE')
                        AND has_table_privilege(c.oid, 'SELECT')
                        AND (has_table_privilege(c.oid, 'INSERT')
                             OR c.relname IN ('audit_head', 'ledger_version'))
                        AND (has_table_privilege(c.oid, 'UPDATE')
                             OR c.relname IN ('audit_event', 'ledger_version', 'passphrase')))
             ORDER BY c.relname) AS ledger_denied,
       has_database_privilege(current_database(), 'CREATE')
           AND coalesce(has_schema_privilege(to_regnamespace('reseal'), 'CREATE'), true)
           AS may_create_ledger
