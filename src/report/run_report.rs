//! The report of a run, for an auditor: what was done, to what, by whom, and what that shows and does not
//! show. Pure, from what the ledger and the server said.
//!
//! [`RunReport`] is the JSON; [`html`] lays out the same. No row key is in it unless it was asked for.

mod build;
mod coverage;
pub mod html;
mod plot;
mod words;

use serde::Serialize;

use super::audit::ChainReport;
use super::status::StatusReport;
use crate::db::ledger::audit::chain::{Doer, StoredEvent};
use crate::db::ledger::counted::Counted;
use crate::db::ledger::evidence::{FailureGroup, KeyAge, Point, RunFacts, ServerFacts};
use crate::db::ledger::failure::Failure;
use crate::db::ledger::scope::ScopeTable;

pub use build::of;
pub use coverage::{Coverage, CoverageSearch, NotSearched, OutsideColumn};

/// What a report is made of.
pub struct Facts {
    pub status: StatusReport,
    pub run: RunFacts,
    pub server: ServerFacts,
    pub counts: Vec<Counted>,
    pub keys: Vec<KeyFacts>,
    pub failures: Vec<FailureGroup>,
    /// With row keys, when they were asked for.
    pub failed: Option<Vec<Failure>>,
    pub curve: Vec<Point>,
    /// Those of the run, as audited.
    pub events: Vec<StoredEvent>,
    pub chain: Option<ChainReport>,
    pub counted: Option<Recount>,
    pub coverage: Coverage,
    /// Standbys that have not replayed the proof's moment; `None` without a proof that holds here.
    pub standbys_behind: Option<Vec<String>>,
}

/// A key of the run, by its id.
pub struct KeyFacts {
    pub ring: String,
    pub key: String,
    pub is_current: bool,
    pub age: KeyAge,
}

/// The independent count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recount {
    pub taken_at: String,
    pub tables: Vec<CountedTable>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedTable {
    pub table: String,
    /// `None` when the table is gone.
    pub rows: Option<i64>,
    pub columns: Vec<CountedColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountedColumn {
    pub column: String,
    /// Cells that are values: neither NULL nor empty, unless the configuration says that those are. `None` for a
    /// column that is gone, holds documents, or in which plain text is left alone.
    pub values: Option<i64>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    pub made_at: String,
    /// The program that made the report, and the one that started the run.
    pub made_by_version: String,
    pub tool_version: String,
    pub run: StatusReport,
    /// From start to end, or until now.
    pub seconds: f64,
    /// SHA-256 of tables, columns and layouts as configured.
    pub config_digest: String,
    pub database: ServerFacts,
    /// Each process that worked on the run, and whoever had a word in it.
    pub who: Vec<Doer>,
    pub scope: Vec<ScopeTable>,
    pub coverage: Coverage,
    pub keys: Vec<KeyReport>,
    pub counts: Option<CountReport>,
    pub failures: Vec<FailureGroup>,
    /// Only when row keys were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_values: Option<Vec<Failure>>,
    pub passes: Vec<PassReport>,
    pub proof_steps: Vec<ProofStep>,
    /// Connected standbys that had not replayed the proof's moment when the report was made; null without a
    /// proof, or on another timeline.
    pub standbys_behind: Option<Vec<String>>,
    pub curve: Vec<Point>,
    pub retention: Retention,
    pub audit: AuditSection,
    pub not_shown: Vec<&'static str>,
    pub evidence: Vec<Evidence>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    pub ring: String,
    pub key: String,
    /// `current` or `previous`.
    pub role: &'static str,
    /// By every process that worked on the run; none when that was not audited.
    pub loaded_from: Vec<KeySourceReport>,
    #[serde(flatten)]
    pub age: KeyAge,
}

/// A source by its name, and what had wrapped the key there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KeySourceReport {
    pub source: String,
    pub kms: Option<String>,
    pub kms_version: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountReport {
    pub taken_at: String,
    pub tables: Vec<TableCount>,
}

/// A table as it was counted now, beside what the last pass of the run met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableCount {
    pub table: String,
    pub rows: Option<i64>,
    pub columns: Vec<CountedColumn>,
    /// Values of all its columns now; `None` when not all can be counted.
    pub values_now: Option<i64>,
    /// Values that the last pass met.
    pub values_in_run: Option<u64>,
    pub difference: Option<i64>,
    pub what: String,
}

/// What one pass did to one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassReport {
    pub pass: i32,
    pub step: String,
    pub table: String,
    pub rows: u64,
    pub current: u64,
    pub resealed: u64,
    pub failed: u64,
    pub conflicts: u64,
}

/// One step of the proof, and its figures in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProofStep {
    pub step: &'static str,
    pub what: String,
}

/// Until when the previous keys stay archived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retention {
    pub backup_retention: Option<String>,
    pub keep_until: Option<String>,
    pub what: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditSection {
    pub chain: Option<ChainReport>,
    /// Whether the role that ran could have changed the audit trail; `None` when that was not audited.
    pub role_may_change_audit: Option<bool>,
    pub events: Vec<EventLine>,
}

/// An event without its detail, which may hold an operator's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventLine {
    pub event_id: i64,
    pub happened_at: String,
    pub event: String,
    pub who: String,
}

/// What a section of a standard asks, and where this report bears on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    pub standard: &'static str,
    pub section: &'static str,
    pub what: &'static str,
}
