-- The relations that one configured name means, with everything below them (partitions, children).
-- $1 LIKE pattern of the schema, NULL for the search path; $2 LIKE pattern of the table; $3 whether
-- the name is a wildcard, which means tables only.
WITH RECURSIVE named AS (
    SELECT c.oid
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relname LIKE $2
      AND CASE WHEN $1::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
               ELSE n.nspname LIKE $1 END
      AND (c.relkind IN ('r', 'p') OR (NOT $3 AND c.relkind IN ('v', 'm', 'f')))
      AND NOT ($3 AND (n.nspname LIKE 'pg\_%' OR n.nspname IN ('information_schema', 'reseal')))
), tree (root, oid) AS (
    SELECT oid, oid FROM named
    UNION
    SELECT tree.root, i.inhrelid
    FROM tree JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.oid
)
SELECT c.oid, n.nspname::text AS schema_name, c.relname::text AS relation_name,
       root.relname::text AS root_name,
       c.relkind::text AS kind, coalesce(am.amname::text, '') AS access_method,
       c.relpersistence::text AS persistence,
       coalesce(pg_catalog.pg_relation_filenode(c.oid), 0::oid) AS relfilenode,
       CASE WHEN c.relkind IN ('r', 'm')
            THEN pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint
            ELSE 0 END AS blocks,
       pg_catalog.row_security_active(c.oid) AS row_security,
       EXISTS (SELECT FROM pg_catalog.pg_rewrite AS w
               WHERE w.ev_class = c.oid AND w.ev_type = '2') AS has_update_rule,
       EXISTS (SELECT FROM pg_catalog.pg_publication_tables AS p
               JOIN pg_catalog.pg_publication AS pub ON pub.pubname = p.pubname
               JOIN pg_catalog.pg_class AS pc ON pc.relname = p.tablename
               JOIN pg_catalog.pg_namespace AS pn
                 ON pn.oid = pc.relnamespace AND pn.nspname = p.schemaname
               WHERE pub.pubupdate
                 AND (pc.oid = c.oid OR (c.relispartition AND pc.oid IN (
                        SELECT relid FROM pg_catalog.pg_partition_ancestors(c.oid))))
              ) AS is_published,
       CASE c.relreplident
            WHEN 'f' THEN true
            WHEN 'd' THEN EXISTS (SELECT FROM pg_catalog.pg_index AS i
                                  WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid)
            WHEN 'i' THEN EXISTS (SELECT FROM pg_catalog.pg_index AS i
                                  WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid)
            ELSE false END AS has_replica_identity,
       -- O: in an origin, R: in a replica, A: in both; which of them this session is a role may have been told
       ARRAY(SELECT g.tgname::text FROM pg_catalog.pg_trigger AS g
             WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
               AND g.tgenabled IN ('A', CASE current_setting('session_replication_role')
                                             WHEN 'replica' THEN 'R' ELSE 'O' END::"char")
               AND g.tgtype & 16 <> 0
             ORDER BY g.tgname) AS update_triggers
FROM (SELECT DISTINCT ON (oid) oid, tree.root FROM tree ORDER BY oid, tree.root = oid, tree.root) AS t
JOIN pg_catalog.pg_class AS root ON root.oid = t.root
JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
WHERE c.relkind <> 'p'
ORDER BY n.nspname, c.relname
