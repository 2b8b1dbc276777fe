-- The row with this key as it stands now, held until the transaction ends ($1: longest value).
SELECT t.xmin, t.ctid, "{columns}"
FROM ONLY "{relation}" AS t
WHERE "{key_equals}"
FOR NO KEY UPDATE OF t
