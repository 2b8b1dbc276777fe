-- Every statement about "public"."tokens", as rendered.

-- fetch by key
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $2 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $2 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $2 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $2 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE TRUE
ORDER BY t."id"
LIMIT $1;

-- fetch by key after
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $2 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $2 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $2 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $2 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE (t."id") OPERATOR("pg_catalog".>) ($3::"pg_catalog"."int8")
ORDER BY t."id"
LIMIT $1;

-- fetch by key until
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $2 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $2 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $2 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $2 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE (t."id") OPERATOR("pg_catalog".<=) ($3::"pg_catalog"."int8")
ORDER BY t."id"
LIMIT $1;

-- fetch by key between
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $2 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $2 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $2 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $2 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE (t."id") OPERATOR("pg_catalog".>) ($3::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($4::"pg_catalog"."int8")
ORDER BY t."id"
LIMIT $1;

-- fetch by block
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $2 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $2 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $2 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $2 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE t.ctid > $3 AND t.ctid < $4
LIMIT $1;

-- sweep
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $1 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $1 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $1 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $1 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE t.ctid > $2 AND t.ctid < $3;

-- fetch since
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $1 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $1 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $1 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $1 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE t.ctid > $3
  AND (age(t.xmin) <= age(($2::text::xid8)::xid)
       OR (SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint
                  - $2::text::bigint NOT BETWEEN 0 AND 2147483647));

-- fetch anywhere
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $2 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $2 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $2 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $2 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE t.ctid = ANY (ARRAY(
    SELECT drawn.ctid
    FROM ONLY "public"."tokens" AS drawn TABLESAMPLE SYSTEM (
        least(100, 6400.0 * current_setting('block_size')::bigint
                   / greatest(1, pg_catalog.pg_relation_size($3::oid))))
    ORDER BY random()
    LIMIT $1));

-- lock row
SELECT t.xmin, t.ctid, t."id", CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END <= $1 THEN (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) END AS v0, CASE WHEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END > $1 THEN CASE WHEN octet_length(t."secret") > 0 OR (octet_length(t."secret") = 0 AND octet_length(t."secret_iv") > 0 AND octet_length(t."secret_tag") > 0) THEN least(octet_length(t."secret")::bigint + coalesce(octet_length(t."key_version"::text), 0) + coalesce(octet_length(t."secret_iv"), 0) + coalesce(octet_length(t."secret_tag"), 0) + 16, 2147483647)::integer END END AS b0, CASE WHEN octet_length(t."other") <= $1 THEN t."other" END AS v1, CASE WHEN octet_length(t."other") > $1 THEN octet_length(t."other") END AS b1
FROM ONLY "public"."tokens" AS t
WHERE t.ctid = $2
FOR NO KEY UPDATE OF t;

-- write by key
WITH written AS (
    UPDATE ONLY "public"."tokens" AS t
    SET "secret" = coalesce(page.v0, t."secret"), "key_version" = coalesce(page.v0_1::pg_catalog.int8, t."key_version"), "secret_iv" = coalesce(page.v0_2, t."secret_iv"), "secret_tag" = coalesce(page.v0_3, t."secret_tag"), "other" = coalesce(page.v1, t."other")
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1) AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (t."id") OPERATOR("pg_catalog".>=) ($10::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($11::"pg_catalog"."int8")
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret"::text COLLATE "C" IS DISTINCT FROM page.v0) OR (page.v0_1 IS NOT NULL AND t."key_version"::text COLLATE "C" IS DISTINCT FROM page.v0_1::pg_catalog.int8::text) OR (page.v0_2 IS NOT NULL AND t."secret_iv" IS DISTINCT FROM page.v0_2) OR (page.v0_3 IS NOT NULL AND t."secret_tag"::text COLLATE "C" IS DISTINCT FROM page.v0_3) OR (page.v1 IS NOT NULL AND t."other" IS DISTINCT FROM page.v1) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT count(*) = 5 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2), (E'key_version', 3), (E'secret_iv', 3), (E'secret_tag', 3), (E'other', 2))) AS columns_stand
FROM written;

-- write unlocked by key
WITH free AS MATERIALIZED (
    SELECT page.*
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1) AS page
    JOIN ONLY "public"."tokens" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (t."id") OPERATOR("pg_catalog".>=) ($10::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($11::"pg_catalog"."int8")
    FOR NO KEY UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE ONLY "public"."tokens" AS t
    SET "secret" = coalesce(page.v0, t."secret"), "key_version" = coalesce(page.v0_1::pg_catalog.int8, t."key_version"), "secret_iv" = coalesce(page.v0_2, t."secret_iv"), "secret_tag" = coalesce(page.v0_3, t."secret_tag"), "other" = coalesce(page.v1, t."other")
    FROM free AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (t."id") OPERATOR("pg_catalog".>=) ($10::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($11::"pg_catalog"."int8")
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret"::text COLLATE "C" IS DISTINCT FROM page.v0) OR (page.v0_1 IS NOT NULL AND t."key_version"::text COLLATE "C" IS DISTINCT FROM page.v0_1::pg_catalog.int8::text) OR (page.v0_2 IS NOT NULL AND t."secret_iv" IS DISTINCT FROM page.v0_2) OR (page.v0_3 IS NOT NULL AND t."secret_tag"::text COLLATE "C" IS DISTINCT FROM page.v0_3) OR (page.v1 IS NOT NULL AND t."other" IS DISTINCT FROM page.v1) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT array_agg(n) FROM free) AS free,
       (SELECT count(*) = 5 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2), (E'key_version', 3), (E'secret_iv', 3), (E'secret_tag', 3), (E'other', 2))) AS columns_stand
FROM written;

-- unwritten by key
SELECT array_agg(page.n) AS unwritten
FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1) AS page
JOIN ONLY "public"."tokens" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (t."id") OPERATOR("pg_catalog".>=) ($10::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($11::"pg_catalog"."int8");

-- write by block
WITH written AS (
    UPDATE ONLY "public"."tokens" AS t
    SET "secret" = coalesce(page.v0, t."secret"), "key_version" = coalesce(page.v0_1::pg_catalog.int8, t."key_version"), "secret_iv" = coalesce(page.v0_2, t."secret_iv"), "secret_tag" = coalesce(page.v0_3, t."secret_tag"), "other" = coalesce(page.v1, t."other")
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1) AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND t.ctid >= $10 AND t.ctid <= $11
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret"::text COLLATE "C" IS DISTINCT FROM page.v0) OR (page.v0_1 IS NOT NULL AND t."key_version"::text COLLATE "C" IS DISTINCT FROM page.v0_1::pg_catalog.int8::text) OR (page.v0_2 IS NOT NULL AND t."secret_iv" IS DISTINCT FROM page.v0_2) OR (page.v0_3 IS NOT NULL AND t."secret_tag"::text COLLATE "C" IS DISTINCT FROM page.v0_3) OR (page.v1 IS NOT NULL AND t."other" IS DISTINCT FROM page.v1) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT count(*) = 5 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2), (E'key_version', 3), (E'secret_iv', 3), (E'secret_tag', 3), (E'other', 2))) AS columns_stand
FROM written;

-- write unlocked by block
WITH free AS MATERIALIZED (
    SELECT page.*
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1) AS page
    JOIN ONLY "public"."tokens" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND t.ctid >= $10 AND t.ctid <= $11
    FOR NO KEY UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE ONLY "public"."tokens" AS t
    SET "secret" = coalesce(page.v0, t."secret"), "key_version" = coalesce(page.v0_1::pg_catalog.int8, t."key_version"), "secret_iv" = coalesce(page.v0_2, t."secret_iv"), "secret_tag" = coalesce(page.v0_3, t."secret_tag"), "other" = coalesce(page.v1, t."other")
    FROM free AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND t.ctid >= $10 AND t.ctid <= $11
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret"::text COLLATE "C" IS DISTINCT FROM page.v0) OR (page.v0_1 IS NOT NULL AND t."key_version"::text COLLATE "C" IS DISTINCT FROM page.v0_1::pg_catalog.int8::text) OR (page.v0_2 IS NOT NULL AND t."secret_iv" IS DISTINCT FROM page.v0_2) OR (page.v0_3 IS NOT NULL AND t."secret_tag"::text COLLATE "C" IS DISTINCT FROM page.v0_3) OR (page.v1 IS NOT NULL AND t."other" IS DISTINCT FROM page.v1) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT array_agg(n) FROM free) AS free,
       (SELECT count(*) = 5 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2), (E'key_version', 3), (E'secret_iv', 3), (E'secret_tag', 3), (E'other', 2))) AS columns_stand
FROM written;

-- unwritten by block
SELECT array_agg(page.n) AS unwritten
FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1) AS page
JOIN ONLY "public"."tokens" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND t.ctid >= $10 AND t.ctid <= $11;

-- write by key, comparing values
WITH written AS (
    UPDATE ONLY "public"."tokens" AS t
    SET "secret" = coalesce(page.v0, t."secret"), "key_version" = coalesce(page.v0_1::pg_catalog.int8, t."key_version"), "secret_iv" = coalesce(page.v0_2, t."secret_iv"), "secret_tag" = coalesce(page.v0_3, t."secret_tag"), "other" = coalesce(page.v1, t."other")
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1, unnest($10::bytea[]) AS o0, unnest($11::bytea[]) AS o1) AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (page.v0 IS NULL OR (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) = page.o0) AND (page.v1 IS NULL OR t."other" = page.o1) AND (t."id") OPERATOR("pg_catalog".>=) ($12::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($13::"pg_catalog"."int8")
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret"::text COLLATE "C" IS DISTINCT FROM page.v0) OR (page.v0_1 IS NOT NULL AND t."key_version"::text COLLATE "C" IS DISTINCT FROM page.v0_1::pg_catalog.int8::text) OR (page.v0_2 IS NOT NULL AND t."secret_iv" IS DISTINCT FROM page.v0_2) OR (page.v0_3 IS NOT NULL AND t."secret_tag"::text COLLATE "C" IS DISTINCT FROM page.v0_3) OR (page.v1 IS NOT NULL AND t."other" IS DISTINCT FROM page.v1) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT count(*) = 5 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2), (E'key_version', 3), (E'secret_iv', 3), (E'secret_tag', 3), (E'other', 2))) AS columns_stand
FROM written;

-- write unlocked by key, comparing values
WITH free AS MATERIALIZED (
    SELECT page.*
    FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1, unnest($10::bytea[]) AS o0, unnest($11::bytea[]) AS o1) AS page
    JOIN ONLY "public"."tokens" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (page.v0 IS NULL OR (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) = page.o0) AND (page.v1 IS NULL OR t."other" = page.o1) AND (t."id") OPERATOR("pg_catalog".>=) ($12::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($13::"pg_catalog"."int8")
    FOR NO KEY UPDATE OF t SKIP LOCKED
), written AS (
    UPDATE ONLY "public"."tokens" AS t
    SET "secret" = coalesce(page.v0, t."secret"), "key_version" = coalesce(page.v0_1::pg_catalog.int8, t."key_version"), "secret_iv" = coalesce(page.v0_2, t."secret_iv"), "secret_tag" = coalesce(page.v0_3, t."secret_tag"), "other" = coalesce(page.v1, t."other")
    FROM free AS page
    WHERE t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (page.v0 IS NULL OR (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) = page.o0) AND (page.v1 IS NULL OR t."other" = page.o1) AND (t."id") OPERATOR("pg_catalog".>=) ($12::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($13::"pg_catalog"."int8")
    RETURNING CASE WHEN (page.v0 IS NOT NULL AND t."secret"::text COLLATE "C" IS DISTINCT FROM page.v0) OR (page.v0_1 IS NOT NULL AND t."key_version"::text COLLATE "C" IS DISTINCT FROM page.v0_1::pg_catalog.int8::text) OR (page.v0_2 IS NOT NULL AND t."secret_iv" IS DISTINCT FROM page.v0_2) OR (page.v0_3 IS NOT NULL AND t."secret_tag"::text COLLATE "C" IS DISTINCT FROM page.v0_3) OR (page.v1 IS NOT NULL AND t."other" IS DISTINCT FROM page.v1) THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, (SELECT array_agg(n) FROM free) AS free,
       (SELECT count(*) = 5 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1 AND (a.attname, a.attnum) IN ((E'secret', 2), (E'key_version', 3), (E'secret_iv', 3), (E'secret_tag', 3), (E'other', 2))) AS columns_stand
FROM written;

-- unwritten by key, comparing values
SELECT array_agg(page.n) AS unwritten
FROM (SELECT generate_series(1::bigint, cardinality($2::xid[])) AS n, unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid, unnest($4::"pg_catalog"."int8"[]) AS k1, unnest($5::text[]) AS v0, unnest($6::text[]) AS v0_1, unnest($7::bytea[]) AS v0_2, unnest($8::text[]) AS v0_3, unnest($9::bytea[]) AS v1, unnest($10::bytea[]) AS o0, unnest($11::bytea[]) AS o1) AS page
JOIN ONLY "public"."tokens" AS t ON t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND t."id" OPERATOR("pg_catalog".=) page.k1) IS TRUE AND (page.v0 IS NULL OR (pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret", 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."key_version"::text, 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."key_version"::text, 'UTF8'), ''::bytea) || pg_catalog.int4send(coalesce(octet_length(t."secret_iv"), -1)) || coalesce(t."secret_iv", ''::bytea) || pg_catalog.int4send(coalesce(octet_length(pg_catalog.convert_to(t."secret_tag", 'UTF8')), -1)) || coalesce(pg_catalog.convert_to(t."secret_tag", 'UTF8'), ''::bytea)) = page.o0) AND (page.v1 IS NULL OR t."other" = page.o1) AND (t."id") OPERATOR("pg_catalog".>=) ($12::"pg_catalog"."int8") AND (t."id") OPERATOR("pg_catalog".<=) ($13::"pg_catalog"."int8");

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
    FROM ONLY "public"."tokens" AS t TABLESAMPLE SYSTEM ($1)
)
SELECT k1
FROM sample
WHERE total >= 100 * $2 AND place % (total / $2) = 0 AND place / (total / $2) < $2
ORDER BY place;
