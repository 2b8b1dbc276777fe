//! What the operator should know, which does not stop a run.

use super::Objections;
use crate::config::TableConfig;
use crate::plan::found::{ColumnFacts, RelationFacts};

pub(super) fn of_table(
    table: &TableConfig,
    facts: &RelationFacts,
    place: &str,
    objections: &mut Objections,
) {
    if !facts.update_triggers.is_empty() {
        let names = facts.update_triggers.join(", ");
        objections.warn(
            place,
            format!("every rewritten row fires these triggers: {names}"),
            "see that none copies the old row elsewhere, where the old ciphertext would live on",
        );
    }
    let is_index =
        |name: &str| ["_bidx", "_hash", "_digest"].iter().any(|suffix| name.ends_with(suffix));
    for column in facts.columns.iter().filter(|column| is_index(&column.name)) {
        objections.warn(
            &format!("{place}.{}", column.name),
            "this looks like a blind index beside a value",
            "if its key comes from the rotated key, lookups need it recomputed by the application",
        );
    }
    let named = |column: &ColumnFacts| table.columns.iter().any(|c| c.name == column.name);
    for column in facts.columns.iter().filter(|column| column.is_generated && !named(column)) {
        objections.warn(
            &format!("{place}.{}", column.name),
            "this generated column is recomputed with every rewritten row",
            "if it is computed from a value, it changes with it",
        );
    }
    objections.warn(
        "applications",
        "transactions at REPEATABLE READ or SERIALIZABLE may meet our writes as serialization failures",
        "an application with an optimistic lock sees a rewritten row as any other writer's",
    );
}
