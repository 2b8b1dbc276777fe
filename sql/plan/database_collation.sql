-- Whether the database's default collation has another version than it was created with (15 and newer).
SELECT coalesce(d.datcollversion IS DISTINCT FROM
                pg_catalog.pg_database_collation_actual_version(d.oid), false) AS changed
FROM pg_catalog.pg_database AS d
WHERE d.datname = current_database()
