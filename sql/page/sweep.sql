-- Every row of "{relation}" between tids $2 and $3, by ascending ctid (the caller checks that), for a reader
-- that opens rows as they arrive; a value longer than $1 is told by its length alone.
SELECT t.xmin, t.ctid, "{columns}"
FROM ONLY "{relation}" AS t
WHERE t.ctid > $2 AND t.ctid < $3
