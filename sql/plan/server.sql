-- The server, the database and what this role may do there.
SELECT current_setting('server_version_num')::integer AS version,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       current_database()::text AS database_name,
       current_user::text AS role_name,
       (SELECT setting::integer FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout')
           AS deadlock_timeout_ms,
       (current_setting('log_parameter_max_length') <> '0'
            AND (current_setting('log_statement') IN ('mod', 'all')
                 OR current_setting('log_min_duration_statement') <> '-1'
                 OR current_setting('log_duration') = 'on'))
           OR current_setting('log_parameter_max_length_on_error') <> '0' AS logs_parameters,
       ARRAY(SELECT pubname::text FROM pg_catalog.pg_publication WHERE puballtables ORDER BY 1)
           AS publications_of_all_tables,
       to_regnamespace('reseal') IS NOT NULL AS has_ledger_schema,
       has_database_privilege(current_database(), 'CREATE') AS may_create_schema
