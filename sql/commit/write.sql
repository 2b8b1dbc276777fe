-- Writes one page: each row only if it is still the version that was read (key, xmin, place, table). A row
-- that did not match is the application's; a row that a trigger altered is told by its number. Whether the
-- columns still are those that were read is asked in the same breath, while they are locked.
WITH written AS (
    UPDATE ONLY "{relation}" AS t
    SET "{assignments}"
    FROM unnest("{arrays}") WITH ORDINALITY AS page("{array_names}", n)
    WHERE "{key_match}" AND t.xmin = page.read_xmin AND t.ctid = page.read_ctid
      AND t.tableoid = $1 AND "{range}"
    RETURNING page.n, ("{altered}") AS altered
)
SELECT array_agg(n) AS written, array_agg(n) FILTER (WHERE altered) AS altered,
       ("{columns_stand}") AS columns_stand
FROM written
