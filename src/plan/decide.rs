//! Pure: from facts to a plan, or to every refusal at once.
//!
//! No database, no clock, no I/O. What makes a promise impossible is a refusal, what the operator
//! should know is a warning; each says how to mend it.

mod beside;
mod columns;
mod keys;
pub mod samples;
mod warnings;

use std::sync::Arc;

use super::found::{ColumnFacts, RelationFacts, ServerFacts};
use super::{BesideColumn, Cell, ColumnKind, KeyPlan, Warning};
use crate::config::{RunConfig, TableConfig};
use crate::db::identifier::{Identifier, RelationName};
use crate::document::Selection;
use crate::envelope::Envelope;
use crate::error::{Error, Result};
use crate::keys::{ColumnKeys, KeyRing};
use crate::layout::ColumnLayout;
use crate::sealed::{NewestVersions, SealedColumn, ServiceKeys};
use crate::value::AadSource;

/// What was decided of a relation before its values were looked at.
#[derive(Debug)]
pub struct Draft {
    /// The table's name in the configuration.
    pub configured: String,
    /// Which of the configured tables it belongs to.
    pub table_index: usize,
    pub relation: RelationName,
    pub oid: u32,
    /// Size of the main fork.
    pub blocks: u32,
    pub key: KeyPlan,
    pub columns: Vec<DraftColumn>,
    pub aad_columns: Vec<Identifier>,
    pub version: Option<Identifier>,
    /// `None` where key services seal all of its values.
    pub ring: Option<Arc<KeyRing>>,
}

#[derive(Debug)]
pub struct DraftColumn {
    pub name: Identifier,
    pub number: i16,
    pub kind: ColumnKind,
    pub beside: Vec<BesideColumn>,
    /// Where in a document the values stand.
    pub paths: Option<Selection>,
    /// With its keys; `None` until it is found by authentication.
    pub layout: Option<(ColumnLayout, Arc<ColumnKeys>)>,
    /// Keys of key services that seal its values, or sealed them.
    pub sealed: Option<SealedColumn>,
    /// The wrapped data keys of its values.
    pub envelope: Option<Arc<Envelope>>,
    pub aad_sources: Vec<usize>,
    pub aad_table: String,
}

impl DraftColumn {
    pub fn cell(&self) -> Cell<'_> {
        Cell { name: &self.name, kind: self.kind, beside: &self.beside }
    }

    pub fn aad_source(&self) -> AadSource<'_> {
        let (table, column) = (&*self.aad_table, self.name.name());
        AadSource { table, column, places: &self.aad_sources }
    }
}

/// The keys of a table.
#[derive(Clone, Copy)]
pub struct TableKeys<'k> {
    /// `None` where key services seal all of its values.
    pub ring: Option<&'k Arc<KeyRing>>,
    pub services: &'k ServiceKeys,
    pub newest: &'k NewestVersions,
    /// Whether a proof opens what is done by its version.
    pub verify_open: bool,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    #[default]
    Rotate,
    /// Reading only: nothing that stands against a write matters.
    Verify,
}

/// What stands against a plan: refusals, and warnings, as they are found.
#[derive(Debug, Default)]
pub struct Objections {
    pub purpose: Purpose,
    pub refusals: Vec<Error>,
    pub warnings: Vec<Warning>,
}

impl Objections {
    fn refuse(&mut self, place: &str, what: impl Into<String>, hint: impl Into<String>) {
        self.refusals.push(Error::refused(what).at(place).hint(hint));
    }

    /// Refuses what stands against a write.
    fn refuse_write(&mut self, place: &str, what: impl Into<String>, hint: impl Into<String>) {
        if self.purpose == Purpose::Rotate {
            self.refuse(place, what, hint);
        }
    }

    /// All refusals as one error, if there are any.
    pub fn none_or_all(&mut self) -> Result<()> {
        Error::all(std::mem::take(&mut self.refusals)).map_or(Ok(()), Err)
    }

    /// Warns, once of the same thing.
    pub fn warn(&mut self, place: &str, what: impl Into<String>, hint: impl Into<String>) {
        let warning = Warning { what: what.into(), place: place.to_owned(), hint: hint.into() };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// The first version that scans TID ranges.
const OLDEST_VERSION: i32 = 140_000;

/// Judges the server as a whole.
pub fn server(facts: &ServerFacts, run: &RunConfig, objections: &mut Objections) {
    if facts.version < OLDEST_VERSION {
        objections.refuse(
            &format!("database {}", facts.database),
            "the server is older than PostgreSQL 14",
            "the proof reads by TID ranges, which 14 and newer can: upgrade the server first",
        );
    }
    if facts.in_recovery {
        objections.refuse(
            &format!("database {}", facts.database),
            "the server is a standby and accepts no writes",
            "connect to the primary (target_session_attrs=read-write)",
        );
    }
    if let Some(refusal) = replicated_ledger(facts).filter(|_| !run.ledger_on_subscriber)
        && objections.purpose == Purpose::Rotate
    {
        objections.refusals.push(refusal);
    }
    if !facts.has_ledger && !facts.may_create_ledger {
        objections.refuse_write(
            &format!("database {}", facts.database),
            format!("role {} may not create the ledger", facts.role),
            "have a DBA apply `reseal ledger --print-sql`, or grant CREATE on the database",
        );
    }
    if facts.has_ledger
        && let [table, ..] = facts.ledger_denied.as_slice()
    {
        let role = &facts.role;
        objections.refuse_write(
            &format!("reseal.{table}"),
            format!("role {role} may not use the ledger"),
            format!(
                "GRANT USAGE ON SCHEMA reseal TO {role}; \
                 GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA reseal TO {role}"
            ),
        );
    }
    if facts.default_collation_changed {
        objections.warn(
            &format!("database {}", facts.database),
            "the default collation's version changed: indexes on text may be in the wrong order",
            "REINDEX them, then ALTER DATABASE … REFRESH COLLATION VERSION; the proof reads without them",
        );
    }
    if facts.logs_parameters {
        objections.warn(
            &format!("database {}", facts.database),
            "the server's log records statement parameters: stored ciphertext will be in it",
            "set log_parameter_max_length = 0 for this role while the job runs",
        );
    }
}

/// A subscriber that has no ledger: the first row of ours would stop its replication.
pub fn replicated_ledger(facts: &ServerFacts) -> Option<Error> {
    let publication = facts.publications_of_all_tables.first()?;
    let what = "a publication FOR ALL TABLES would replicate the ledger and stop its subscribers";
    Some(Error::refused(what).at(format!("publication {publication}")).hint(
        "create the ledger there (`reseal ledger --print-sql`), then say `reseal run \
         --ledger-on-subscriber`; or publish the tables by name",
    ))
}

/// Judges one relation; a draft when nothing stands against it.
pub fn relation(
    table_index: usize,
    table: &TableConfig,
    facts: &RelationFacts,
    keys: TableKeys<'_>,
    objections: &mut Objections,
) -> Option<Draft> {
    let before = objections.refusals.len();
    let place = facts.display_name();
    kind(facts, &place, objections);
    let key = keys::row_key(facts, &place, objections);
    let version = columns::version(table, facts, &place, objections);
    let (columns, aad_columns) =
        columns::columns(table, facts, keys, key.as_ref(), &place, objections);
    warnings::of_table(table, facts, &place, objections);
    if objections.refusals.len() > before {
        return None;
    }
    Some(Draft {
        configured: table.name.to_string(),
        table_index,
        relation: RelationName { schema: identifier(&facts.schema), name: identifier(&facts.name) },
        oid: facts.oid,
        blocks: facts.blocks,
        key: key?,
        columns,
        aad_columns,
        version,
        ring: keys.ring.cloned(),
    })
}

fn kind(facts: &RelationFacts, place: &str, objections: &mut Objections) {
    let what = match facts.kind {
        'v' => Some("a view"),
        'm' => Some("a materialized view"),
        'f' => Some("a foreign table"),
        _ => None,
    };
    if let Some(what) = what {
        objections.refuse(place, format!("this is {what}"), "name the table that holds the values");
        return;
    }
    if facts.access_method != "heap" {
        let what = format!("the table uses the access method {}", facts.access_method);
        objections.refuse(place, what, "only heap tables have the row versions the job relies on");
    }
    if facts.persistence == 't' {
        objections.refuse(place, "this is a temporary table", "name a permanent table");
    }
    if facts.has_update_rule {
        objections.refuse_write(
            place,
            "an ON UPDATE rule would rewrite our write",
            "drop the rule, or replace it by a trigger",
        );
    }
    if facts.is_published && !facts.has_replica_identity {
        objections.refuse_write(
            place,
            "the table is published for updates without a replica identity, so every write fails",
            "ALTER TABLE … REPLICA IDENTITY (a primary key, an index, or FULL)",
        );
    }
    if facts.row_security {
        objections.refuse(
            place,
            "row-level security would hide rows from this role",
            "run as the table's owner or a role with BYPASSRLS",
        );
    }
    if let [name, ..] = facts.unreadable_system_columns.as_slice() {
        objections.refuse(
            place,
            format!("no SELECT on the system column {name}"),
            format!(
                "GRANT SELECT (xmin, ctid, tableoid) ON {place}; column grants do not cover them"
            ),
        );
    }
}

fn readable(column: &ColumnFacts, place: &str, objections: &mut Objections) {
    if !column.may_select {
        objections.refuse(place, "no SELECT on the column", "GRANT SELECT on it to this role");
    }
}

fn writable(column: &ColumnFacts, place: &str, objections: &mut Objections) {
    if !column.may_update {
        objections.refuse_write(
            place,
            "no UPDATE on the column",
            "GRANT UPDATE on it to this role",
        );
    }
}

/// A name from the catalogue is always an identifier.
fn identifier(name: &str) -> Identifier {
    Identifier::new(name).expect("the catalogue holds only legal names")
}
