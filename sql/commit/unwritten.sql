-- Which rows of a page still are the version that was read, although we just wrote the page: a
-- trigger swallowed the write.
SELECT array_agg(page.n) AS unwritten
FROM unnest("{arrays}") WITH ORDINALITY AS page("{array_names}", n)
JOIN ONLY "{relation}" AS t ON "{is_as_read}" AND "{range}"
