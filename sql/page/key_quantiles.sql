-- Row keys that cut "{relation}" into $2 shards of about equal size, from a sample of its blocks ($1
-- percent). The server sorts them, whatever their type. A small sample cuts nothing.
WITH sample AS (
    SELECT "{key}", row_number() OVER (ORDER BY "{key_order}") AS place, count(*) OVER () AS total
    FROM ONLY "{relation}" AS t TABLESAMPLE SYSTEM ($1)
)
SELECT "{key_names}"
FROM sample
WHERE total >= 100 * $2 AND place % (total / $2) = 0 AND place / (total / $2) < $2
ORDER BY place
