-- When a run of this ledger first named key $1, and first named it as the current one.
SELECT to_char(min(r.started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS first_seen_at,
       to_char(min(r.started_at) FILTER (WHERE ring.keys->>'current' = $1) AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS first_current_at,
       floor(extract(epoch FROM clock_timestamp() - min(r.started_at)) / 86400)::bigint AS days
FROM reseal.run AS r
CROSS JOIN LATERAL jsonb_array_elements(r.keys) AS ring (keys)
WHERE ring.keys->>'current' = $1 OR ring.keys->'previous' ? $1
