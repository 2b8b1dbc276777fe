-- Whether schema reseal holds a relation or a type of a name that the ledger needs ($1), and no ledger. In one statement:
-- another process may be creating it.
SELECT NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'reseal' AND c.relname = 'ledger_version'
) AND (EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'reseal' AND c.relname = ANY ($1::text[])
) OR EXISTS (
    SELECT FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    WHERE n.nspname = 'reseal' AND t.typname = ANY ($1::text[])
)) AS in_the_way
