-- One page of "{relation}" in key order, bounded in rows ($1) and in bytes ($2). Never OFFSET, never
-- locking. The running sum reads lengths only, so values beyond the bound are not even fetched from
-- TOAST; a value longer than $3 is told by its length alone.
SELECT page.*
FROM (
    SELECT t.xmin, t.ctid, "{columns}",
           sum("{row_bytes}") OVER (ORDER BY "{key_order}" ROWS UNBOUNDED PRECEDING)
               - "{row_bytes}" AS bytes_before
    FROM ONLY "{relation}" AS t
    WHERE "{range}"
    ORDER BY "{key_order}"
    LIMIT $1
) AS page
WHERE page.bytes_before < $2
