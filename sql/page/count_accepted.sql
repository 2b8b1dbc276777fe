-- How many of these unreadable values were accepted as they are.
SELECT count(*) AS accepted
FROM unnest($2::text[], $3::bytea[], $4::text[], "{key_arrays}")
     AS page(column_name, value_digest, path, "{key_names}")
JOIN reseal.failure AS f
  ON f.place = sha256(array_send(ARRAY[$1, page.column_name, page.path] || ARRAY["{key_texts}"]::text[]))
 AND f.value_digest = page.value_digest
WHERE f.accepted_at IS NOT NULL AND f.resolved_at IS NULL
