-- How many segments wait for the archiver.
SELECT count(*) AS ready
FROM pg_catalog.pg_ls_archive_statusdir() AS file
WHERE file.name LIKE '%.ready'
