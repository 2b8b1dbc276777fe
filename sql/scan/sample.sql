-- A random sample of "{relation}" and what is below it: $1 percent of the blocks, at most $2 rows of them and about
-- $3 bytes; a value longer than $4 is told by its length alone. Rows are drawn before a value is read.
SELECT page.*
FROM (
    SELECT "{values}",
           sum("{row_bytes}") OVER (ROWS UNBOUNDED PRECEDING) - ("{row_bytes}") AS bytes_before
    FROM (
        SELECT "{columns}"
        FROM "{relation}" AS r TABLESAMPLE SYSTEM ($1)
        ORDER BY random()
        LIMIT $2
    ) AS t
) AS page
WHERE page.bytes_before < $3
