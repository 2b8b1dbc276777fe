-- Which rows of a page still are the version that was read, although we just wrote the page: a
-- trigger swallowed the write.
SELECT array_agg(page.n) AS unwritten
FROM (SELECT "{rows}") AS page
JOIN ONLY "{relation}" AS t ON "{is_as_read}" AND "{range}"
