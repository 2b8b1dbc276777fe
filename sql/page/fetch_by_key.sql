-- One page of "{relation}" in key order: at most $1 rows. Never OFFSET, never locking. A value longer than
-- $2 is told by its length alone and not even fetched from TOAST, so rows times $2 bounds the bytes.
SELECT t.xmin, t.ctid, "{columns}"
FROM ONLY "{relation}" AS t
WHERE "{range}"
ORDER BY "{key_order}"
LIMIT $1
