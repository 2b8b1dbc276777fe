-- Whether this role could change what was audited: by a privilege, as the owner, who may give it to
-- himself, or as a superuser.
SELECT has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')
       OR has_table_privilege(c.oid, 'TRUNCATE') OR pg_catalog.pg_has_role(c.relowner, 'MEMBER')
           AS may_change,
       has_table_privilege(c.oid, 'INSERT') AS may_append
FROM pg_catalog.pg_class AS c
WHERE c.oid = 'reseal.audit_event'::regclass
