-- The row version at ctid $2, or what became of it, held until the transaction ends ($1: longest value).
-- Found by its place and not by its key: an index that misses the row must not hide it.
SELECT t.xmin, t.ctid, "{columns}"
FROM ONLY "{relation}" AS t
WHERE t.ctid = $2
FOR NO KEY UPDATE OF t
