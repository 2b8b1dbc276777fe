-- One page of "{relation}" in physical order: at most $1 rows between tids $3 and $4, bounded in bytes as in
-- fetch_by_key.sql. Independent of indexes, collations and key types. A TID range scan yields rows by
-- ascending ctid; the caller checks that it did.
SELECT t.xmin, t.ctid, "{columns}"
FROM ONLY "{relation}" AS t
WHERE "{range}"
LIMIT $1
