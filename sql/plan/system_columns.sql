-- Which system columns of relation $1 this role may not read. Column grants do not cover them.
SELECT ARRAY(
    SELECT name FROM unnest(ARRAY['xmin', 'ctid', 'tableoid']) AS name
    WHERE NOT pg_catalog.has_column_privilege($1::oid, name, 'SELECT')
) AS unreadable
