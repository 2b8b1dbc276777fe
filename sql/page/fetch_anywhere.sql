-- $1 rows of "{relation}" (oid $3), drawn from about 64 of its blocks; a value longer than $2 is told by its length
-- alone.
SELECT t.xmin, t.ctid, "{columns}"
FROM ONLY "{relation}" AS t
WHERE t.ctid = ANY (ARRAY(
    SELECT drawn.ctid
    FROM ONLY "{relation}" AS drawn TABLESAMPLE SYSTEM (
        least(100, 6400.0 * current_setting('block_size')::bigint
                   / greatest(1, pg_catalog.pg_relation_size($3::oid))))
    ORDER BY random()
    LIMIT $1))
