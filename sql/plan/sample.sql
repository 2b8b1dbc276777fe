-- A random sample of "{relation}": $1 percent of its blocks, at most $2 rows of them and $3 bytes; a
-- value longer than $4 is told by its length alone.
SELECT page.*
FROM (
    SELECT s.*, sum(s.row_bytes) OVER (ROWS UNBOUNDED PRECEDING) - s.row_bytes AS bytes_before
    FROM (
        SELECT "{columns}", ("{row_bytes}")::bigint AS row_bytes, count(*) OVER () AS rows_in_blocks
        FROM ONLY "{relation}" AS t TABLESAMPLE SYSTEM ($1)
        ORDER BY random()
        LIMIT $2
    ) AS s
) AS page
WHERE page.bytes_before < $3
