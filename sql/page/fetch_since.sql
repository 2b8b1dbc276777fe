-- Every row of "{relation}" after tid $3 that a transaction at or after the barrier $2 (an xid8) wrote: what the
-- walk may not have seen, by ascending ctid (the caller checks that). age() compares modulo 2^32, so an old row
-- may be read needlessly, but none is missed; once the barrier itself is 2^31 behind, no age can be compared with
-- it, and every row is read. A value longer than $1 is told by its length alone.
SELECT t.xmin, t.ctid, "{columns}"
FROM ONLY "{relation}" AS t
WHERE t.ctid > $3
  AND (age(t.xmin) <= age(($2::text::xid8)::xid)
       OR (SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint
                  - $2::text::bigint NOT BETWEEN 0 AND 2147483647))
