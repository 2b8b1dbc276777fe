-- The ledger's version, 0 when there is none. Asked through the catalogue, so that a missing table
-- is an answer and not an error.
SELECT CASE WHEN to_regclass('reseal.ledger_version') IS NULL THEN 0 ELSE 1 END AS present
