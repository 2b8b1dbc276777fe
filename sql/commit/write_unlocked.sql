-- As write.sql, but waits for no row: what another transaction holds is left out. It also tells which
-- rows were free, so that a row that was free and yet not written is known to be refused.
WITH free AS MATERIALIZED (
    SELECT page.*
    FROM (SELECT "{rows}") AS page
    JOIN ONLY "{relation}" AS t ON "{is_as_read}" AND "{range}"
    FOR NO KEY UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE ONLY "{relation}" AS t
    SET "{assignments}"
    FROM free AS page
    WHERE "{is_as_read}" AND "{range}"
    RETURNING CASE WHEN "{altered}" THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT array_agg(n) FROM free) AS free,
       ("{columns_stand}") AS columns_stand
FROM written
