//! Pure: from facts to a plan, or to every refusal at once.
//!
//! No database, no clock, no I/O. What makes a promise impossible is a refusal, what the operator
//! should know is a warning; each says how to mend it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::found::{ColumnFacts, KeyFacts, RelationFacts, ServerFacts};
use super::sample::SampleCount;
use super::{ColumnKind, KeyColumn, KeyPlan, Warning};
use crate::config::{ColumnConfig, RunConfig, TableConfig};
use crate::db::identifier::{Identifier, RelationName};
use crate::db::row_key::SqlType;
use crate::error::Error;
use crate::keys::KeyRing;
use crate::layout::ColumnLayout;

/// What was decided of a relation before its values were looked at.
#[derive(Debug)]
pub struct Draft {
    pub configured: String,
    /// Which configured table it belongs to, and which of its columns each draft column is.
    pub table_index: usize,
    pub relation: RelationName,
    pub oid: u32,
    pub relfilenode: u32,
    pub blocks: u32,
    pub key: KeyPlan,
    pub columns: Vec<DraftColumn>,
    pub aad_columns: Vec<Identifier>,
    pub version: Option<Identifier>,
    pub ring: Arc<KeyRing>,
}

#[derive(Debug)]
pub struct DraftColumn {
    pub name: Identifier,
    pub kind: ColumnKind,
    /// `None` until it is found by authentication.
    pub layout: Option<ColumnLayout>,
    pub aad_sources: Vec<usize>,
    pub aad_table: String,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    #[default]
    Rotate,
    /// Reading only: nothing that stands against a write matters.
    Verify,
}

/// Refusals and warnings as they are found.
#[derive(Debug, Default)]
pub struct Judgement {
    pub purpose: Purpose,
    pub refusals: Vec<Error>,
    pub warnings: Vec<Warning>,
}

impl Judgement {
    fn refuse(&mut self, place: &str, what: impl Into<String>, hint: impl Into<String>) {
        self.refusals.push(Error::refused(what).at(place).hint(hint));
    }

    /// Refuses what stands against a write.
    fn refuse_write(&mut self, place: &str, what: impl Into<String>, hint: impl Into<String>) {
        if self.purpose == Purpose::Rotate {
            self.refuse(place, what, hint);
        }
    }

    pub(super) fn warn(&mut self, place: &str, what: impl Into<String>, hint: impl Into<String>) {
        let warning = Warning { what: what.into(), place: place.to_owned(), hint: hint.into() };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Judges the server as a whole.
pub fn server(facts: &ServerFacts, run: &RunConfig, judgement: &mut Judgement) {
    if facts.in_recovery {
        judgement.refuse(
            &format!("database {}", facts.database),
            "the server is a standby and accepts no writes",
            "connect to the primary (target_session_attrs=read-write)",
        );
    }
    if let [publication, ..] = facts.publications_of_all_tables.as_slice()
        && !run.ledger_on_subscriber
    {
        judgement.refuse_write(
            &format!("publication {publication}"),
            "a publication FOR ALL TABLES would replicate the ledger and stop its subscribers",
            "create the ledger there (`reseal ledger --print-sql`), then say \
             --ledger-on-subscriber; or publish the tables by name",
        );
    }
    if !facts.has_ledger_schema && !facts.may_create_schema {
        judgement.refuse_write(
            &format!("database {}", facts.database),
            format!("role {} may not create the ledger", facts.role),
            "have a DBA apply `reseal ledger --print-sql`, or grant CREATE on the database",
        );
    }
    if facts.logs_parameters {
        judgement.warn(
            &format!("database {}", facts.database),
            "the server's log records statement parameters: stored ciphertext will be in it",
            "set log_parameter_max_length = 0 for this role while the job runs",
        );
    }
}

/// Judges one relation; a draft when nothing stands against it.
pub fn relation(
    table_index: usize,
    table: &TableConfig,
    facts: &RelationFacts,
    ring: &Arc<KeyRing>,
    judgement: &mut Judgement,
) -> Option<Draft> {
    let before = judgement.refusals.len();
    let place = facts.display_name();
    kind(facts, &place, judgement);
    let key = row_key(facts, &place, judgement);
    let version = version(table, facts, &place, judgement);
    let (columns, aad_columns) = columns(table, facts, key.as_ref(), &place, judgement);
    warnings(table, facts, &place, judgement);
    if judgement.refusals.len() > before {
        return None;
    }
    Some(Draft {
        configured: table.name.to_string(),
        table_index,
        relation: RelationName { schema: identifier(&facts.schema), name: identifier(&facts.name) },
        oid: facts.oid,
        relfilenode: facts.relfilenode,
        blocks: facts.blocks,
        key: key?,
        columns,
        aad_columns,
        version,
        ring: Arc::clone(ring),
    })
}

fn kind(facts: &RelationFacts, place: &str, judgement: &mut Judgement) {
    let what = match facts.kind {
        'v' => Some("a view"),
        'm' => Some("a materialized view"),
        'f' => Some("a foreign table"),
        _ => None,
    };
    if let Some(what) = what {
        judgement.refuse(place, format!("this is {what}"), "name the table that holds the values");
        return;
    }
    if facts.access_method != "heap" {
        let what = format!("the table uses the access method {}", facts.access_method);
        judgement.refuse(place, what, "only heap tables have the row versions the job relies on");
    }
    if facts.persistence == 't' {
        judgement.refuse(place, "this is a temporary table", "name a permanent table");
    }
    if facts.has_update_rule {
        judgement.refuse_write(
            place,
            "an ON UPDATE rule would rewrite our write",
            "drop the rule, or replace it by a trigger",
        );
    }
    if facts.is_published && !facts.has_replica_identity {
        judgement.refuse_write(
            place,
            "the table is published for updates without a replica identity, so every write fails",
            "ALTER TABLE … REPLICA IDENTITY (a primary key, an index, or FULL)",
        );
    }
    if facts.row_security {
        judgement.refuse(
            place,
            "row-level security would hide rows from this role",
            "run as the table's owner or a role with BYPASSRLS",
        );
    }
    if let [name, ..] = facts.unreadable_system_columns.as_slice() {
        judgement.refuse(
            place,
            format!("no SELECT on the system column {name}"),
            format!(
                "GRANT SELECT (xmin, ctid, tableoid) ON {place}; column grants do not cover them"
            ),
        );
    }
}

fn row_key(facts: &RelationFacts, place: &str, judgement: &mut Judgement) -> Option<KeyPlan> {
    if facts.kind != 'r' {
        return None;
    }
    let Some(key) = facts.keys.first() else {
        judgement.refuse(
            place,
            "the table has no usable row key",
            "add a primary key, or a unique index on not-null columns: valid, not partial, without \
             expressions, all ascending or all descending, default operator classes and collations",
        );
        return None;
    };
    let columns = key_columns(facts, key, place, judgement)?;
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
    judgement: &mut Judgement,
) -> Option<Vec<KeyColumn>> {
    let mut columns = Vec::with_capacity(key.columns.len());
    for name in &key.columns {
        let column = facts.column(name)?;
        let place = format!("{place}.{name}");
        readable(column, &place, judgement);
        if !column.has_binary_form || column.array_oid == 0 {
            let what =
                format!("the row key has type {}, which has no binary form", column.declared_type);
            judgement.refuse(&place, what, "add a unique index on a column of another type");
        }
        if column.collation_changed {
            judgement.warn(
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

fn version(
    table: &TableConfig,
    facts: &RelationFacts,
    place: &str,
    judgement: &mut Judgement,
) -> Option<Identifier> {
    let name = table.version.as_ref()?;
    let place = format!("{place}.{name}");
    let Some(column) = facts.column(name) else {
        judgement.refuse(&place, "the version column does not exist", "correct `version`");
        return None;
    };
    let is_integer = matches!(column.type_name.as_str(), "int2" | "int4" | "int8");
    if !is_integer || !column.not_null || column.is_generated {
        let what = format!("the version column is {}", column.declared_type);
        judgement.refuse(&place, what, "it must be an integer, not null, and not generated");
    }
    if facts.keys.first().is_some_and(|key| key.columns.contains(name)) {
        judgement.refuse(
            &place,
            "the version column is part of the row key",
            "leave it out of `version`",
        );
    }
    readable(column, &place, judgement);
    writable(column, &place, judgement);
    Some(identifier(name))
}

fn readable(column: &ColumnFacts, place: &str, judgement: &mut Judgement) {
    if !column.may_select {
        judgement.refuse(place, "no SELECT on the column", "GRANT SELECT on it to this role");
    }
}

fn writable(column: &ColumnFacts, place: &str, judgement: &mut Judgement) {
    if !column.may_update {
        judgement.refuse_write(place, "no UPDATE on the column", "GRANT UPDATE on it to this role");
    }
}

fn columns(
    table: &TableConfig,
    facts: &RelationFacts,
    key: Option<&KeyPlan>,
    place: &str,
    judgement: &mut Judgement,
) -> (Vec<DraftColumn>, Vec<Identifier>) {
    let mut aad_columns: Vec<Identifier> = Vec::new();
    let mut columns = Vec::with_capacity(table.columns.len());
    for config in &table.columns {
        let place = format!("{place}.{}", config.name);
        let Some(column) = facts.column(&config.name) else {
            judgement.refuse(&place, "the column does not exist", "correct its name");
            continue;
        };
        readable(column, &place, judgement);
        writable(column, &place, judgement);
        let Some(kind) = value_kind(column, config, key, &place, judgement) else { continue };
        let aad_sources = aad_sources(table, config, facts, &mut aad_columns, &place, judgement);
        columns.push(DraftColumn {
            name: identifier(&config.name),
            kind,
            layout: config.layout.clone(),
            aad_sources,
            aad_table: facts.root_name.clone(),
        });
    }
    (columns, aad_columns)
}

fn value_kind(
    column: &ColumnFacts,
    config: &ColumnConfig,
    key: Option<&KeyPlan>,
    place: &str,
    judgement: &mut Judgement,
) -> Option<ColumnKind> {
    let kind = match column.type_name.as_str() {
        "bytea" => ColumnKind::Bytea,
        "text" | "varchar" => ColumnKind::Text,
        _ => {
            let what = format!("the column has type {}", column.declared_type);
            judgement.refuse(place, what, "values are kept in bytea, text or varchar");
            return None;
        }
    };
    if column.is_generated {
        judgement.refuse(place, "the column is generated", "name the column it is computed from");
    }
    if key.is_some_and(|key| key.columns.iter().any(|k| k.name.name() == column.name)) {
        judgement.refuse(place, "the column is part of the row key", "add another unique index");
    }
    if let Some(layout) = &config.layout {
        let has_raw = std::iter::once(&layout.write).chain(&layout.read).any(|l| !l.is_text());
        if kind == ColumnKind::Text && has_raw {
            let what = format!("a {} column cannot hold a raw layout", column.declared_type);
            judgement.refuse(place, what, "use hex or base64 in the layout");
        }
    }
    Some(kind)
}

/// Where the columns of the AAD template stand; refuses those that our own write would change.
fn aad_sources(
    table: &TableConfig,
    config: &ColumnConfig,
    facts: &RelationFacts,
    aad_columns: &mut Vec<Identifier>,
    place: &str,
    judgement: &mut Judgement,
) -> Vec<usize> {
    let Some(aad) = config.layout.as_ref().and_then(|layout| layout.aad.as_ref()) else {
        return Vec::new();
    };
    let mut sources = Vec::new();
    for name in aad.columns() {
        let Some(column) = facts.column(name) else {
            let what = format!("the additional data names column {name}, which does not exist");
            judgement.refuse(place, what, "correct `aad`");
            continue;
        };
        readable(column, &format!("{}.{name}", facts.display_name()), judgement);
        let changes = if table.version.as_deref() == Some(name.as_str()) {
            Some("the version column")
        } else if column.is_generated {
            Some("a generated column")
        } else if table.columns.iter().any(|other| other.name == *name) {
            Some("a resealed column")
        } else {
            None
        };
        if let Some(changes) = changes {
            let what =
                format!("the additional data names {changes} ({name}), which the write changes");
            judgement.refuse(place, what, "bind the value to columns that stay as they are");
        }
        let name = identifier(name);
        let known = aad_columns.iter().position(|c| *c == name);
        sources.push(known.unwrap_or_else(|| {
            aad_columns.push(name);
            aad_columns.len() - 1
        }));
    }
    sources
}

fn warnings(table: &TableConfig, facts: &RelationFacts, place: &str, judgement: &mut Judgement) {
    if !facts.update_triggers.is_empty() {
        let names = facts.update_triggers.join(", ");
        judgement.warn(
            place,
            format!("every rewritten row fires these triggers: {names}"),
            "see that none copies the old row elsewhere, where the old ciphertext would live on",
        );
    }
    let is_index =
        |name: &str| ["_bidx", "_hash", "_digest"].iter().any(|suffix| name.ends_with(suffix));
    for column in facts.columns.iter().filter(|column| is_index(&column.name)) {
        judgement.warn(
            &format!("{place}.{}", column.name),
            "this looks like a blind index beside a value",
            "if its key comes from the rotated key, lookups need it recomputed by the application",
        );
    }
    let named = |column: &ColumnFacts| table.columns.iter().any(|c| c.name == column.name);
    for column in facts.columns.iter().filter(|column| column.is_generated && !named(column)) {
        judgement.warn(
            &format!("{place}.{}", column.name),
            "this generated column is recomputed with every rewritten row",
            "if it is computed from a value, it changes with it",
        );
    }
    judgement.warn(
        "applications",
        "transactions at REPEATABLE READ or SERIALIZABLE may meet our writes as serialization failures",
        "an application with an optimistic lock sees a rewritten row as any other writer's",
    );
}

/// The smallest number of unreadable values that refuses a sample in which others open.
const UNREADABLE_MIN: u64 = 10;

/// Judges what the sample of a column says.
pub fn sample(place: &str, count: &SampleCount, run: &RunConfig, judgement: &mut Judgement) {
    let readable = count.current + count.previous;
    let unreadable = count.unreadable();
    let too_few = readable * 10 < (readable + unreadable) * 9;
    if too_few && (readable == 0 || unreadable >= UNREADABLE_MIN) && !run.allow_unreadable {
        judgement.refuse_write(
            place,
            format!(
                "of {} sampled values only {readable} open with a key of the ring",
                count.values
            ),
            "most likely the previous key or the layout is wrong; if these values are known to be \
             lost, say --allow-unreadable",
        );
    }
}

/// Whether the keys look swapped or the work done: no sampled value needs a previous key.
pub fn nothing_to_do(samples: &BTreeMap<String, SampleCount>, judgement: &mut Judgement) -> bool {
    let needs = samples.values().any(|count| count.previous > 0);
    let some = samples.values().any(|count| count.values > 0);
    if some && !needs {
        judgement.warn(
            "all columns",
            "already rotated, or the keys are swapped: no sampled value needs a previous key",
            "if the application still writes with the other key, check which one is current",
        );
    }
    !needs
}

/// A name from the catalogue is always an identifier.
fn identifier(name: &str) -> Identifier {
    Identifier::new(name).expect("the catalogue holds only legal names")
}
