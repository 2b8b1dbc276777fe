-- Whether this role may append to the audit trail, and whether it could change what was audited: by a
-- privilege, as the owner, who may give it to himself, or as a superuser. Asked of the catalogue, so that
-- neither a missing ledger nor a missing privilege is an error here.
SELECT coalesce(bool_or(
           pg_catalog.has_table_privilege(c.oid, 'UPDATE')
           OR pg_catalog.has_table_privilege(c.oid, 'DELETE')
           OR pg_catalog.has_table_privilege(c.oid, 'TRUNCATE')
           OR pg_catalog.pg_has_role(c.relowner, 'MEMBER')), false) AS may_change,
       coalesce(bool_or(
           pg_catalog.has_schema_privilege(n.oid, 'USAGE')
           AND pg_catalog.has_table_privilege(c.oid, 'INSERT')), false) AS may_append
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'reseal' AND c.relname = 'audit_event'
