-- The file and the size in blocks of relations $1, now. Asked after the barrier was taken: rows that
-- were committed before it lie within.
SELECT r.oid AS relation,
       coalesce(pg_catalog.pg_relation_filenode(r.oid), 0::oid) AS relfilenode,
       pg_catalog.pg_relation_size(r.oid) / current_setting('block_size')::bigint AS blocks
FROM unnest($1::oid[]) AS r (oid)
