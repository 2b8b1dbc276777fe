-- Writes one page: each row only if it is still the version that was read (key, xmin, place, table). A row
-- that did not match is the application's. Rows are told by their numbers; one that a trigger altered by the
-- negative of its number. Whether the columns still are those that were read is asked in the same breath,
-- while they are locked.
WITH written AS (
    UPDATE ONLY "{relation}" AS t
    SET "{assignments}"
    FROM (SELECT "{rows}") AS page
    WHERE "{is_as_read}" AND "{range}"
    RETURNING CASE WHEN "{altered}" THEN -page.n ELSE page.n END AS n
)
SELECT array_agg(n) AS written, ("{columns_stand}") AS columns_stand
FROM written
