-- What relations $1 are called now, which of their columns have countable bytes (texts and bytea, and not
-- documents), and which others they have.
SELECT c.oid AS relation, n.nspname::text AS schema_name, c.relname::text AS table_name,
       coalesce(array_agg(a.attname::text) FILTER (WHERE a.has_bytes), '{}') AS countable,
       coalesce(array_agg(a.attname::text) FILTER (WHERE NOT a.has_bytes), '{}') AS others
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT a.attname, t.typcategory = 'S' OR 'bytea'::regtype IN (t.oid, t.typbasetype) AS has_bytes
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS a ON true
WHERE c.oid = ANY ($1)
GROUP BY c.oid, n.nspname, c.relname
