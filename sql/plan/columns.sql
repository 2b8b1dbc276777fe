-- Every column of relation $1: its base type (domains looked through), what may be done with it, which
-- indexes it has a part in, and whether its collation is the one it was built with.
WITH RECURSIVE base (attnum, type_oid) AS (
    SELECT a.attnum, a.atttypid
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT base.attnum, d.typbasetype
    FROM base JOIN pg_catalog.pg_type AS d ON d.oid = base.type_oid AND d.typtype = 'd'
)
SELECT a.attname::text AS name, a.attnum AS number, y.oid AS type_oid, y.typarray AS array_oid,
       tn.nspname::text AS type_schema, y.typname::text AS type_name,
       y.typsend <> 0 AND y.typreceive <> 0 AS has_binary_form,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared_type,
       a.attnotnull AS not_null, a.attgenerated <> '' AS is_generated,
       pg_catalog.has_column_privilege($1, a.attnum, 'SELECT') AS may_select,
       pg_catalog.has_column_privilege($1, a.attnum, 'UPDATE') AS may_update,
       ARRAY(SELECT ic.relname::text
             FROM pg_catalog.pg_index AS i
             JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
             WHERE i.indrelid = $1
               AND (a.attnum = ANY (i.indkey)
                    OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                               WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
                                 AND d.refclassid = 'pg_catalog.pg_class'::regclass
                                 AND d.refobjid = $1 AND d.refobjsubid = a.attnum))
             ORDER BY ic.relname) AS indexes,
       coalesce(l.collversion IS DISTINCT FROM pg_catalog.pg_collation_actual_version(l.oid), false)
           AS collation_changed
FROM pg_catalog.pg_attribute AS a
JOIN base ON base.attnum = a.attnum
JOIN pg_catalog.pg_type AS y ON y.oid = base.type_oid AND y.typtype <> 'd'
JOIN pg_catalog.pg_namespace AS tn ON tn.oid = y.typnamespace
LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation AND l.collprovider <> 'd'
WHERE a.attrelid = $1
ORDER BY a.attnum
