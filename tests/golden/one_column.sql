-- Every statement about "public"."secrets", as rendered.

-- fetch by key
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $2 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $2 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE TRUE
ORDER BY t."id"
LIMIT $1;

-- fetch by key after
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $2 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $2 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE (t."id") OPERATOR("pg_catalog".>) ($3::"pg_catalog"."int8")
ORDER BY t."id"
LIMIT $1;

-- fetch by key until
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $2 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $2 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE (t."id") OPERATOR("pg_catalog".<=) ($3::"pg_catalog"."int8")
ORDER BY t."id"
LIMIT $1;

-- fetch by key between
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $2 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $2 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE (t."id") OPERATOR("pg_catalog".>) ($3::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($4::"pg_catalog"."int8")
ORDER BY t."id"
LIMIT $1;

-- fetch by block
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $2 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $2 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE t.ctid > $3 AND t.ctid < $4
LIMIT $1;

-- sweep
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $1 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $1 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE t.ctid > $2 AND t.ctid < $3;

-- fetch since
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $1 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $1 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE t.ctid > $3
  AND (age(t.xmin) <= age(($2::text::xid8)::xid)
       OR (SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint
                  - $2::text::bigint NOT BETWEEN 0 AND 2147483647));

-- fetch anywhere
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $2 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $2 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE t.ctid = ANY (ARRAY(
    SELECT drawn.ctid
    FROM ONLY "public"."secrets" AS drawn TABLESAMPLE SYSTEM (
        least(100, 6400.0 * current_setting('block_size')::bigint
                   / greatest(1, pg_catalog.pg_relation_size($3::oid))))
    ORDER BY random()
    LIMIT $1));

-- lock row
SELECT t.xmin, t.ctid, t."id", CASE WHEN octet_length(t."secret") <= $1 THEN t."secret" END AS v0, CASE WHEN octet_length(t."secret") > $1 THEN octet_length(t."secret") END AS b0
FROM ONLY "public"."secrets" AS t
WHERE t.ctid = $2
FOR NO KEY UPDATE OF t;

-- write by key
WITH written AS (
    UPDATE ONLY "public"."secrets" AS t
    SET "secret" = coalesce(page.v0, t."secret")
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0) AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (t."id") OPERATOR("pg_catalog".>=) ($6::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($7::"pg_catalog"."int8")
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret" IS DISTINCT FROM page.v0) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT count(*) = 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2))) AS columns_stand
FROM written;

-- write unlocked by key
WITH free AS MATERIALIZED (
    SELECT page.*
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0) AS page
    JOIN ONLY "public"."secrets" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (t."id") OPERATOR("pg_catalog".>=) ($6::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($7::"pg_catalog"."int8")
    FOR NO KEY UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE ONLY "public"."secrets" AS t
    SET "secret" = coalesce(page.v0, t."secret")
    FROM free AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (t."id") OPERATOR("pg_catalog".>=) ($6::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($7::"pg_catalog"."int8")
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret" IS DISTINCT FROM page.v0) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT array_agg(n) FROM free) AS free,
       (SELECT count(*) = 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2))) AS columns_stand
FROM written;

-- unwritten by key
SELECT array_agg(page.n) AS unwritten
FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0) AS page
JOIN ONLY "public"."secrets" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (t."id") OPERATOR("pg_catalog".>=) ($6::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($7::"pg_catalog"."int8");

-- write by block
WITH written AS (
    UPDATE ONLY "public"."secrets" AS t
    SET "secret" = coalesce(page.v0, t."secret")
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0) AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND t.ctid >= $6 AND t.ctid <= $7
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret" IS DISTINCT FROM page.v0) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT count(*) = 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2))) AS columns_stand
FROM written;

-- write unlocked by block
WITH free AS MATERIALIZED (
    SELECT page.*
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0) AS page
    JOIN ONLY "public"."secrets" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND t.ctid >= $6 AND t.ctid <= $7
    FOR NO KEY UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE ONLY "public"."secrets" AS t
    SET "secret" = coalesce(page.v0, t."secret")
    FROM free AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND t.ctid >= $6 AND t.ctid <= $7
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret" IS DISTINCT FROM page.v0) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT array_agg(n) FROM free) AS free,
       (SELECT count(*) = 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2))) AS columns_stand
FROM written;

-- unwritten by block
SELECT array_agg(page.n) AS unwritten
FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0) AS page
JOIN ONLY "public"."secrets" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND t.ctid >= $6 AND t.ctid <= $7;

-- write by key, comparing values
WITH written AS (
    UPDATE ONLY "public"."secrets" AS t
    SET "secret" = coalesce(page.v0, t."secret")
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0, unnest($6::bytea[]) AS o0) AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (page.v0 IS NULL OR t."secret" = page.o0) AND (t."id") OPERATOR("pg_catalog".>=) ($7::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($8::"pg_catalog"."int8")
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret" IS DISTINCT FROM page.v0) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT count(*) = 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2))) AS columns_stand
FROM written;

-- write unlocked by key, comparing values
WITH free AS MATERIALIZED (
    SELECT page.*
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0, unnest($6::bytea[]) AS o0) AS page
    JOIN ONLY "public"."secrets" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (page.v0 IS NULL OR t."secret" = page.o0) AND (t."id") OPERATOR("pg_catalog".>=) ($7::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($8::"pg_catalog"."int8")
    FOR NO KEY UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE ONLY "public"."secrets" AS t
    SET "secret" = coalesce(page.v0, t."secret")
    FROM free AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (page.v0 IS NULL OR t."secret" = page.o0) AND (t."id") OPERATOR("pg_catalog".>=) ($7::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($8::"pg_catalog"."int8")
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret" IS DISTINCT FROM page.v0) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT array_agg(n) FROM free) AS free,
       (SELECT count(*) = 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2))) AS columns_stand
FROM written;

-- unwritten by key, comparing values
SELECT array_agg(page.n) AS unwritten
FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::bytea[]) AS v0, unnest($6::bytea[]) AS o0) AS page
JOIN ONLY "public"."secrets" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (page.v0 IS NULL OR t."secret" = page.o0) AND (t."id") OPERATOR("pg_catalog".>=) ($7::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($8::"pg_catalog"."int8");

-- record failures
INSERT INTO reseal.failure AS f
    (run_id, pass, table_name, column_name, path, row_key, place, reason, sqlstate, value_digest,
     value_count)
SELECT $1, $2, $3, page.column_name, page.path, ARRAY[page.k1::text]::text[],
       sha256(array_send(ARRAY[$3, page.column_name, page.path] || ARRAY[page.k1::text]::text[])),
       min(page.reason), min(page.sqlstate),
       CASE WHEN count(*) = 1 THEN (array_agg(page.value_digest))[1]
            ELSE sha256(string_agg(page.value_digest, '' ORDER BY page.value_digest)) END,
       count(*)
FROM unnest($4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[], $9::"pg_catalog"."int8"[])
     AS page(column_name, reason, sqlstate, value_digest, path, k1)
GROUP BY page.column_name, page.path, ARRAY[page.k1::text]::text[]
ON CONFLICT (place) DO UPDATE
SET run_id = excluded.run_id, pass = excluded.pass, reason = excluded.reason,
    sqlstate = excluded.sqlstate, attempts = f.attempts + 1, last_seen_at = clock_timestamp(),
    resolved_at = NULL, value_digest = excluded.value_digest, value_count = excluded.value_count,
    accepted_at = CASE WHEN f.value_digest = excluded.value_digest THEN f.accepted_at END,
    accepted_by = CASE WHEN f.value_digest = excluded.value_digest THEN f.accepted_by END,
    accepted_reason = CASE WHEN f.value_digest = excluded.value_digest THEN f.accepted_reason END;

-- count accepted
SELECT count(*) AS accepted
FROM unnest($2::text[], $3::bytea[], $4::text[], $5::"pg_catalog"."int8"[])
     AS page(column_name, value_digest, path, k1)
JOIN reseal.failure AS f
  ON f.place = sha256(array_send(ARRAY[$1, page.column_name, page.path] || ARRAY[page.k1::text]::text[]))
 AND f.value_digest = page.value_digest
WHERE f.accepted_at IS NOT NULL AND f.resolved_at IS NULL;

-- listed failures
SELECT page.number
FROM unnest($4::text[], $5::bytea[], $6::text[], $7::"pg_catalog"."int8"[]) WITH ORDINALITY
     AS page(column_name, value_digest, path, k1, number)
JOIN reseal.failure AS f
  ON f.place = sha256(array_send(ARRAY[$1, page.column_name, page.path] || ARRAY[page.k1::text]::text[]))
 AND f.value_digest = page.value_digest
WHERE f.run_id = $2 AND f.pass = $3 AND f.resolved_at IS NULL;

-- key quantiles
WITH sample AS (
    SELECT t."id" AS k1, row_number() OVER (ORDER BY t."id") AS place, count(*) OVER () AS total
    FROM ONLY "public"."secrets" AS t TABLESAMPLE SYSTEM ($1)
)
SELECT k1
FROM sample
WHERE total >= 100 * $2 AND place % (total / $2) = 0 AND place / (total / $2) < $2
ORDER BY place;
