-- How many seals key $1 has been granted so far.
SELECT seals_reserved FROM reseal.key_use WHERE key_id = $1
