-- Whether there is a ledger. Asked of the catalogue's tables, so that neither a missing table nor a
-- missing privilege is an error here; to_regclass would answer from a cache that is older than the wait
-- for the lock under which ledgers are created.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'reseal' AND c.relname = 'ledger_version'
) AS present
