-- The moment of which the newest proof without a failure speaks, in seconds since 1970; NULL when there is
-- none.
SELECT extract(epoch FROM max((r.proof ->> 'moment')::timestamptz))::float8 AS last_proof
FROM reseal.run AS r
WHERE r.state = 'completed'
