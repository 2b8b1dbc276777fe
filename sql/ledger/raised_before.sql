-- Whether SQLSTATE $2 was found to be the trouble of some rows of table $1 alone, and still is.
SELECT EXISTS (
    SELECT FROM reseal.failure
    WHERE table_name = $1 AND sqlstate = $2 AND reason = 'write_refused' AND resolved_at IS NULL) AS raised
