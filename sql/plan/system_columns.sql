-- Which system columns of relation $1 this role may not read. Column grants do not cover them; a view
-- has none.
SELECT ARRAY(
    SELECT a.attname::text
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = $1::oid AND a.attname IN ('xmin', 'ctid', 'tableoid') AND a.attnum < 0
      AND NOT pg_catalog.has_column_privilege($1::oid, a.attnum, 'SELECT')
    ORDER BY a.attname = 'tableoid', a.attname = 'ctid'
) AS unreadable
