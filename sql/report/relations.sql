-- What relations $1 are called now, and which of their columns hold one value a cell (texts and bytea, and not
-- documents): those can be counted.
SELECT c.oid AS relation, n.nspname::text AS schema_name, c.relname::text AS table_name,
       ARRAY(SELECT a.attname::text
             FROM pg_catalog.pg_attribute AS a
             JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               AND (t.typcategory = 'S' OR 'bytea'::regtype IN (t.oid, t.typbasetype))) AS columns
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1)
