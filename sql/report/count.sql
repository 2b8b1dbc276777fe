-- The rows of "{relation}", and of each column those that hold a value of it.
SELECT count(*) AS row_count, ARRAY["{counts}"]::bigint[] AS value_counts
FROM ONLY "{relation}" AS t
