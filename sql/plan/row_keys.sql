-- The indexes of relation $1 that can carry a keyset walk, best first: unique, valid, whole, plain
-- columns, not null, all ascending or all descending, default operator classes, the columns' own
-- collations. INCLUDE columns are not part of the key. The operators that order the key are named by
-- their schema, so that no search path can put others in their place.
SELECT x.columns, x.descending, x.operator_schemas[1] AS operator_schema
FROM (
    SELECT i.indexrelid, i.indisprimary,
           array_agg(a.attname::text ORDER BY k.place) AS columns,
           bool_and(i.indoption[k.place - 1] = 3) AS descending,
           bool_and(i.indoption[k.place - 1] = 0) AS ascending,
           bool_and(a.attnotnull AND o.opcdefault AND i.indcollation[k.place - 1] = a.attcollation)
               AS usable,
           array_agg(DISTINCT opn.nspname::text) AS operator_schemas,
           count(*) AS width
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
    JOIN pg_catalog.pg_am AS am ON am.oid = ic.relam AND am.amname = 'btree'
    CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS k (place)
    JOIN pg_catalog.pg_attribute AS a
      ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.place - 1]
    JOIN pg_catalog.pg_opclass AS o ON o.oid = i.indclass[k.place - 1]
    JOIN pg_catalog.pg_amop AS greater
      ON greater.amopfamily = o.opcfamily AND greater.amopstrategy = 5
     AND greater.amoplefttype = o.opcintype AND greater.amoprighttype = o.opcintype
    JOIN pg_catalog.pg_operator AS op ON op.oid = greater.amopopr
    JOIN pg_catalog.pg_namespace AS opn ON opn.oid = op.oprnamespace
    WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indisready
      AND i.indpred IS NULL AND i.indexprs IS NULL
    GROUP BY i.indexrelid, i.indisprimary
) AS x
WHERE x.usable AND (x.ascending OR x.descending) AND cardinality(x.operator_schemas) = 1
ORDER BY x.indisprimary DESC, x.width, x.indexrelid
