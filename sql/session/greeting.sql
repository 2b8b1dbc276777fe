-- Who answers: the mark this connection gave itself at startup (NULL behind a pooler), the server
-- process, the server's version, when it was started, and whether it can notice a client that is gone.
SELECT pg_catalog.current_setting('reseal.session', true), pg_catalog.pg_backend_pid(),
       pg_catalog.current_setting('server_version_num')::int4,
       pg_catalog.pg_postmaster_start_time()::text,
       pg_catalog.version() ~ 'linux'
