-- One page of "{relation}" in physical order: the rows between tids $3 and $4, bounded in bytes
-- ($1); a value longer than $2 is told by its length alone. Independent of indexes, collations and
-- key types. A TID range scan yields rows by ascending ctid; the caller checks that it did.
SELECT page.*
FROM (
    SELECT t.xmin, t.ctid, "{columns}",
           sum("{row_bytes}") OVER (ROWS UNBOUNDED PRECEDING) - "{row_bytes}" AS bytes_before
    FROM ONLY "{relation}" AS t
    WHERE t.ctid > $3 AND t.ctid < $4
) AS page
WHERE page.bytes_before < $1
