-- The rows of "{relation}", and of each column the cells that are neither NULL nor empty.
SELECT count(*) AS row_count, ARRAY["{counts}"]::bigint[] AS value_counts
FROM ONLY "{relation}" AS t
