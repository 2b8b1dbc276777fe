-- Which of these failed values, by their number, pass $3 of run $2 has listed as they are stored now.
SELECT page.number
FROM unnest($4::text[], $5::bytea[], $6::text[], "{key_arrays}") WITH ORDINALITY
     AS page(column_name, value_digest, path, "{key_names}", number)
JOIN reseal.failure AS f
  ON f.place = sha256(array_send(ARRAY[$1, page.column_name, page.path] || ARRAY["{key_texts}"]::text[]))
 AND f.value_digest = page.value_digest
WHERE f.run_id = $2 AND f.pass = $3 AND f.resolved_at IS NULL
