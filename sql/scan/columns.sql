-- Every column that may hold values, with its table: those of the schemas $1 (NULL for all), but for the server's
-- own and the ledger's. A partitioned table stands for its partitions; of a table that inherits, only the columns
-- that are its own.
WITH RECURSIVE root AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relnamespace
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'reseal')
      AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), tree (root, oid) AS (
    SELECT oid, oid FROM root
    UNION
    SELECT tree.root, i.inhrelid
    FROM tree JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.oid
), leaves AS (
    SELECT tree.root,
           sum(pg_catalog.pg_relation_size(c.oid)) / current_setting('block_size')::bigint AS blocks,
           array_agg(n.nspname::text ORDER BY c.oid) AS schemas,
           array_agg(c.relname::text ORDER BY c.oid) AS names
    FROM tree
    JOIN pg_catalog.pg_class AS c ON c.oid = tree.oid AND c.relkind = 'r'
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    GROUP BY tree.root
), based (oid, base) AS (
    SELECT oid, typbasetype FROM pg_catalog.pg_type WHERE typtype = 'd'
    UNION ALL
    SELECT based.oid, d.typbasetype
    FROM based JOIN pg_catalog.pg_type AS d ON d.oid = based.base AND d.typtype = 'd'
)
SELECT root.oid, root.nspname::text AS schema_name, root.relname::text AS relation_name,
       root.relkind::text AS kind,
       coalesce(leaves.blocks, 0)::bigint AS blocks,
       coalesce(leaves.schemas, '{}') AS leaf_schemas, coalesce(leaves.names, '{}') AS leaf_names,
       pg_catalog.pg_table_is_visible(root.oid) AS is_visible,
       pg_catalog.row_security_active(root.oid) AS row_security,
       (SELECT min(k.attname::text)
        FROM pg_catalog.pg_index AS i
        JOIN pg_catalog.pg_attribute AS k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[0]
        WHERE i.indrelid = root.oid AND i.indisprimary AND i.indnkeyatts = 1) AS key_column,
       ARRAY(SELECT o.attname::text FROM pg_catalog.pg_attribute AS o
             WHERE o.attrelid = root.oid AND o.attnum > 0 AND NOT o.attisdropped
               AND pg_catalog.has_column_privilege(root.oid, o.attnum, 'SELECT')) AS readable,
       a.attname::text AS name, y.typname::text AS type_name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared_type,
       a.attgenerated <> '' AS is_generated,
       pg_catalog.has_schema_privilege(root.relnamespace, 'USAGE')
           AND pg_catalog.has_column_privilege(root.oid, a.attnum, 'SELECT') AS may_select
FROM root
LEFT JOIN leaves ON leaves.root = root.oid
JOIN pg_catalog.pg_attribute AS a
  ON a.attrelid = root.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attinhcount = 0
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN based ON based.oid = t.oid
JOIN pg_catalog.pg_type AS y ON y.oid = coalesce(based.base, t.oid) AND y.typtype <> 'd'
WHERE y.typname IN ('bytea', 'text', 'varchar', 'bpchar', 'citext', 'json', 'jsonb',
                    '_bytea', '_text', '_varchar', '_bpchar', '_json', '_jsonb', 'hstore', 'xml')
ORDER BY root.nspname, root.relname, a.attnum
