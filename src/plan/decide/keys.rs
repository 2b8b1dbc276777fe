//! Which index carries the walk.

use super::{Objections, identifier, readable};
use crate::db::row_key::SqlType;
use crate::plan::found::{KeyFacts, RelationFacts};
use crate::plan::{KeyColumn, KeyPlan};

pub(super) fn row_key(
    facts: &RelationFacts,
    place: &str,
    objections: &mut Objections,
) -> Option<KeyPlan> {
    if facts.kind != 'r' {
        return None;
    }
    let Some(key) = facts.keys.first() else {
        objections.refuse(
            place,
            "the table has no usable row key",
            "add a primary key, or a unique index on not-null columns: valid, not partial, without \
             expressions, all ascending or all descending, default operator classes and collations",
        );
        return None;
    };
    let columns = key_columns(facts, key, place, objections)?;
    Some(KeyPlan {
        columns,
        descending: key.descending,
        operator_schema: identifier(&key.operator_schema),
    })
}

fn key_columns(
    facts: &RelationFacts,
    key: &KeyFacts,
    place: &str,
    objections: &mut Objections,
) -> Option<Vec<KeyColumn>> {
    let mut columns = Vec::with_capacity(key.columns.len());
    for name in &key.columns {
        let column = facts.column(name)?;
        let place = format!("{place}.{name}");
        readable(column, &place, objections);
        if !column.has_binary_form || column.array_oid == 0 {
            let what =
                format!("the row key has type {}, which has no binary form", column.declared_type);
            objections.refuse(&place, what, "add a unique index on a column of another type");
        }
        if column.collation_changed {
            objections.warn(
                &place,
                "the collation's version changed since the index was built: key order may be wrong",
                "REINDEX, then ALTER COLLATION … REFRESH VERSION; the proof reads without the index",
            );
        }
        columns.push(KeyColumn {
            name: identifier(name),
            sql_type: SqlType {
                oid: column.type_oid,
                array_oid: column.array_oid,
                schema: identifier(&column.type_schema),
                name: identifier(&column.type_name),
            },
        });
    }
    Some(columns)
}
