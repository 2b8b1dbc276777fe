-- As write.sql, but waits for no row: what another transaction holds is left out. It also tells which
-- rows were free, so that a row that was free and yet not written is known to be refused.
WITH free AS MATERIALIZED (
    SELECT page.*
    FROM unnest("{arrays}") WITH ORDINALITY AS page("{array_names}", n)
    JOIN ONLY "{relation}" AS t
      ON "{key_match}" AND t.xmin = page.read_xmin AND t.ctid = page.read_ctid
      AND t.tableoid = $1 AND "{range}"
    FOR NO KEY UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE ONLY "{relation}" AS t
    SET "{assignments}"
    FROM free AS page
    WHERE "{key_match}" AND t.xmin = page.read_xmin AND t.ctid = page.read_ctid
      AND t.tableoid = $1 AND "{range}"
    RETURNING page.n, ("{altered}") AS altered
)
SELECT array_agg(n) AS written, array_agg(n) FILTER (WHERE altered) AS altered,
       (SELECT array_agg(n) FROM free) AS free, ("{columns_stand}") AS columns_stand
FROM written
