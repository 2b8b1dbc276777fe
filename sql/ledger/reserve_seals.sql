-- Reserves $2 seals under key $1 and answers how many are reserved in all.
INSERT INTO reseal.key_use AS k (key_id, seals_reserved)
VALUES ($1, $2)
ON CONFLICT (key_id) DO UPDATE SET seals_reserved = k.seals_reserved + $2
RETURNING seals_reserved
