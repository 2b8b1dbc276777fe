-- Lists failed values. The row key is kept as the text of its types. One that was seen before gets
-- another attempt; an acceptance holds as long as the stored value is the same. Rows that a broken index
-- lets share a key are one failure, of so many values.
INSERT INTO reseal.failure AS f
    (run_id, pass, table_name, column_name, path, row_key, place, reason, sqlstate, value_digest,
     value_count)
SELECT $1, $2, $3, page.column_name, page.path, ARRAY["{key_texts}"]::text[],
       sha256(array_send(ARRAY[$3, page.column_name, page.path] || ARRAY["{key_texts}"]::text[])),
       min(page.reason), min(page.sqlstate),
       CASE WHEN count(*) = 1 THEN (array_agg(page.value_digest))[1]
            ELSE sha256(string_agg(page.value_digest, '' ORDER BY page.value_digest)) END,
       count(*)
FROM unnest($4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[], "{key_arrays}")
     AS page(column_name, reason, sqlstate, value_digest, path, "{key_names}")
GROUP BY page.column_name, page.path, ARRAY["{key_texts}"]::text[]
ON CONFLICT (place) DO UPDATE
SET run_id = excluded.run_id, pass = excluded.pass, reason = excluded.reason,
    sqlstate = excluded.sqlstate, attempts = f.attempts + 1, last_seen_at = clock_timestamp(),
    resolved_at = NULL, value_digest = excluded.value_digest, value_count = excluded.value_count,
    accepted_at = CASE WHEN f.value_digest = excluded.value_digest THEN f.accepted_at END,
    accepted_by = CASE WHEN f.value_digest = excluded.value_digest THEN f.accepted_by END,
    accepted_reason = CASE WHEN f.value_digest = excluded.value_digest THEN f.accepted_reason END
