-- The newest run in which key $1 took part: was it the current key there, or a previous one?
SELECT EXISTS (
    SELECT FROM jsonb_array_elements(r.keys) AS ring
    WHERE ring ->> 'current' = $1
) AS was_current
FROM reseal.run AS r
WHERE EXISTS (
    SELECT FROM jsonb_array_elements(r.keys) AS ring
    WHERE ring ->> 'current' = $1 OR ring -> 'previous' ? $1
)
ORDER BY r.run_id DESC
LIMIT 1
