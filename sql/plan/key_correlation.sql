-- How well the order of the row keys of "{relation}" follows that of the heap, from a sample of its blocks ($1
-- percent): 1 or -1 perfectly, 0 not at all.
SELECT corr(key_place, heap_place) AS correlation
FROM (
    SELECT row_number() OVER (ORDER BY "{key_order}") AS key_place,
           row_number() OVER (ORDER BY t.ctid) AS heap_place
    FROM ONLY "{relation}" AS t TABLESAMPLE SYSTEM ($1)
) AS sample
