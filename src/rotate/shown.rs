//! What a proof shows of values that key services seal, and of wrapped data keys: that they name the newest
//! version of their key, or that they open too.

use serde_json::{Value, json};

use crate::plan::{ColumnPlan, Plan, TablePlan};

/// One line a column that a key service writes; none where only keys of rings do.
pub fn of(plan: &Plan) -> Vec<Value> {
    let of_table = |table: &TablePlan| {
        let line = |column: &ColumnPlan| of_column(table, column);
        table.columns.iter().filter_map(line).collect::<Vec<_>>()
    };
    plan.tables().iter().flat_map(|table| of_table(table)).collect()
}

fn of_column(table: &TablePlan, column: &ColumnPlan) -> Option<Value> {
    let place = format!("{}.{}", table.relation.plain(), column.name.name());
    if let Some(envelope) = &column.envelope {
        return Some(json!({
            "column": place,
            "key": envelope.form().kms().to_string(),
            "version": envelope.wanted(),
            "shown": if envelope.opens_in_proofs() { "opened" } else { "version" },
        }));
    }
    let sealed = column.sealed.as_ref()?;
    let (key, version) = sealed.written()?;
    let by_version = !sealed.verify_open() && column.done_by_version();
    Some(json!({
        "column": place,
        "key": key.to_string(),
        "version": version,
        "shown": if by_version { "version" } else { "opened" },
    }))
}
