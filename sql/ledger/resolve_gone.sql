-- Failures whose column is gone, with its table or alone. The ledger quotes a part of a table's name that has a dot
-- or a quote in it.
UPDATE reseal.failure AS f
SET resolved_at = clock_timestamp()
WHERE f.resolved_at IS NULL
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
      WHERE CASE WHEN n.nspname ~ '[."]' THEN '"' || replace(n.nspname, '"', '""') || '"' ELSE n.nspname::text END
            || '.'
            || CASE WHEN c.relname ~ '[."]' THEN '"' || replace(c.relname, '"', '""') || '"' ELSE c.relname::text END
            = f.table_name
        AND a.attname = f.column_name AND NOT a.attisdropped)
