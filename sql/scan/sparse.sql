-- The first $1 values of one column of "{relation}" that the sample had none of; one longer than $2 is told by its
-- length alone.
SELECT "{values}"
FROM "{relation}" AS t
WHERE "{is_value}"
LIMIT $1
