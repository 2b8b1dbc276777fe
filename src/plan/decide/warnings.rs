//! What the operator should know, which does not stop a run.

use super::Objections;
use crate::config::TableConfig;
use crate::layout::{ColumnLayout, DataKeyForm};
use crate::plan::found::{ColumnFacts, RelationFacts};
use crate::sealed::SealedColumn;

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
    let is_written =
        |column: &&ColumnFacts| table.columns.iter().any(|config| config.writes(&column.name));
    for column in facts.columns.iter().filter(is_written).filter(|c| !c.indexes.is_empty()) {
        objections.warn(
            &format!("{place}.{}", column.name),
            format!("what is resealed is indexed: {}", column.indexes.join(", ")),
            "whoever finds rows by this ciphertext, or by this piece of it, no longer does once it is resealed; an \
             index that nobody needs only makes the run slower",
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

/// What the version of a value that a key service seals, or of its data key, does not tell.
pub(super) fn of_services(
    layout: &ColumnLayout,
    sealed: Option<&SealedColumn>,
    verify_open: bool,
    place: &str,
    objections: &mut Objections,
) {
    if layout.write().data_key().is_some_and(DataKeyForm::is_bound) && !verify_open {
        objections.warn(
            place,
            "the version that wrapped a data key does not tell what the data key is bound to",
            "--verify-open has the proof open every value; to change a binding, name the former one under `read`",
        );
    }
    let (Some(sealed), Some(form)) = (sealed, layout.write().service()) else { return };
    let is_noted = form.tells_its_version() || form.has_version_column();
    if !(is_noted && sealed.version_tells()) {
        objections.warn(
            place,
            "nothing beside a call tells which key version sealed a value: each costs one in every pass",
            "name a `version_column` (AWS, Cloud KMS), and leave `read` out once nothing needs it",
        );
    } else if (layout.write().aad().is_some() || form.has_context()) && !sealed.verify_open() {
        objections.warn(
            place,
            "the key version of a value does not tell what the value is bound to",
            "--verify-open has the proof open every value; to change a binding, name the former one under `read`",
        );
    }
}
