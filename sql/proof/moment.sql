-- The moment of this transaction's snapshot: what a proof is about. The transaction's beginning, which is just
-- before it, so that whatever was committed by then is seen; the clock would say a moment just after it.
SELECT to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS moment,
       pg_catalog.pg_current_wal_insert_lsn()::text AS lsn,
       ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))
           ::bit(32)::bigint AS timeline,
       pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS barrier
