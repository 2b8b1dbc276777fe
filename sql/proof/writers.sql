-- Open transactions that hold a lock of one of the modes $2 on relations $1: RowExclusiveLock or
-- stronger if they may have written there, RowShareLock if they may have locked rows. A prepared
-- transaction has no process; its own transaction id leads to its gid. What the role may not see of
-- others is NULL.
SELECT l.virtualtransaction AS transaction, l.pid, x.gid,
       a.application_name, a.usename::text AS role_name,
       to_char(coalesce(a.xact_start, x.prepared) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
           AS since,
       min(l.relation::regclass::text) AS relation
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
LEFT JOIN pg_catalog.pg_locks AS own
  ON l.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid'
 AND own.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_catalog.pg_prepared_xacts AS x ON x.transaction = own.transactionid
WHERE l.locktype = 'relation' AND l.granted
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND l.relation = ANY ($1)
  AND l.mode = ANY ($2)
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
GROUP BY l.virtualtransaction, l.pid, x.gid, a.application_name, a.usename, a.xact_start, x.prepared
