//! What a run would do, decided before the first write.
//!
//! [`inspect`] and [`sample`] read; [`decide`] is pure and judges what was found; [`make`] leads them to
//! a [`Plan`], or to every refusal at once. A `Plan` can be made nowhere else, so a refused one cannot
//! be run. What the ledger says against it ([`ledger_checks`]) is asked once it is known. This room writes
//! nothing to the database, and knows nothing of the run that follows.

mod ask;
mod calls;
pub mod cell;
mod data_keys;
pub mod decide;
mod estimate;
mod found;
pub mod inspect;
mod keys;
mod layout_search;
pub mod ledger_checks;
pub mod make;
pub mod sample;
mod sampled;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::db::identifier::{Identifier, RelationName};
use crate::db::row_key::SqlType;
use crate::document::Selection;
use crate::envelope::{Envelope, EnvelopeColumn};
use crate::keys::{ColumnKeys, KeyRing};
use crate::layout::{ColumnLayout, ServiceForm};
use crate::sealed::{AskedColumn, SealedColumn};
use crate::value::{AadSource, ColumnWork};

pub use calls::{Calls, DataKeyCount};
pub use cell::{BesideColumn, Cell};
pub use estimate::Estimate;

/// A decided plan: every table can be walked, and every column's values are understood.
#[derive(Clone, Debug)]
pub struct Plan {
    tables: Vec<Arc<TablePlan>>,
    pub warnings: Vec<Warning>,
    /// The server's `deadlock_timeout`, of which a page may use half.
    pub deadlock_timeout: Duration,
    /// Whether any sampled value needs a previous key.
    pub needs_resealing: bool,
}

impl Plan {
    /// One per leaf table, in the order of their names.
    pub fn tables(&self) -> &[Arc<TablePlan>] {
        &self.tables
    }

    /// Whether key services are asked about some values.
    pub fn asks_services(&self) -> bool {
        self.tables.iter().any(|table| table.asks_services())
    }

    /// The object identifiers of the tables, in their order.
    pub fn relations(&self) -> Vec<u32> {
        self.tables.iter().map(|table| table.oid).collect()
    }

    /// Estimated time from the start to the proof: the tables share the workers.
    pub fn estimated_duration(&self) -> Duration {
        self.tables.iter().map(|table| table.estimate.duration).sum()
    }

    /// Estimated number of values, from the sample.
    pub fn estimated_records(&self) -> u64 {
        self.tables.iter().map(|t| t.estimate.values).sum()
    }

    /// Every column the plan covers, as `"schema"."table"."column"`.
    pub fn column_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .tables
            .iter()
            .flat_map(|table| {
                let columns = table.columns.iter().flat_map(ColumnPlan::written_columns);
                columns.map(|(name, _)| format!("{}.{name}", table.relation))
            })
            .collect();
        names.sort();
        names
    }
}

/// One leaf table and how its rows are found, opened and written.
#[derive(Debug)]
pub struct TablePlan {
    pub relation: RelationName,
    pub oid: u32,
    pub key: KeyPlan,
    pub columns: Vec<ColumnPlan>,
    /// Columns whose text the additional authenticated data needs, distinct.
    pub aad_columns: Vec<Identifier>,
    /// An integer column to increment with every write.
    pub version: Option<Identifier>,
    /// `None` where key services seal all of its values.
    pub ring: Option<Arc<KeyRing>>,
    pub estimate: Estimate,
    /// How the pass that reseals walks it.
    pub order: Order,
}

/// Rows of slow values that are opened at once: as many take seconds, whatever the derivation.
const SLOW_ROWS: u32 = 16;

impl TablePlan {
    /// Rows that may be judged at once, so that a transaction which stands open meanwhile, and a lease, do
    /// not run out.
    pub fn rows_at_once(&self) -> u32 {
        if self.is_slow() { SLOW_ROWS } else { u32::MAX }
    }

    /// Whether key services are asked about some of its values.
    pub fn asks_services(&self) -> bool {
        self.columns.iter().any(ColumnPlan::asks_services)
    }

    /// Whether some of its values have keys of their own that are slow to derive.
    pub fn is_slow(&self) -> bool {
        self.columns.iter().any(|column| column.layout.is_slow())
    }
}

/// The row key: the columns of the chosen index, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlan {
    pub columns: Vec<KeyColumn>,
    pub descending: bool,
    /// Where the operators live that order these columns.
    pub operator_schema: Identifier,
}

impl KeyPlan {
    /// The types of its columns.
    pub fn types(&self) -> Vec<u32> {
        self.columns.iter().map(|column| column.sql_type.oid).collect()
    }

    /// What a statement about `t` is ordered by, to follow this key.
    pub fn order(&self) -> String {
        let direction = if self.descending { " DESC" } else { "" };
        let columns: Vec<String> =
            self.columns.iter().map(|column| format!("t.{}{direction}", column.name)).collect();
        columns.join(", ")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    pub name: Identifier,
    pub sql_type: SqlType,
}

/// What a value column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    Bytea,
    Text,
    Json,
    Jsonb,
    /// A number that is the label of a key, beside a value.
    Integer,
}

impl ColumnKind {
    /// What is read of a column of `t`: bytes, or text.
    pub fn stored(self, name: &Identifier) -> String {
        match self {
            Self::Bytea | Self::Text => format!("t.{name}"),
            Self::Json | Self::Jsonb | Self::Integer => format!("t.{name}::text"),
        }
    }
}

/// One column of encrypted values.
#[derive(Debug)]
pub struct ColumnPlan {
    pub name: Identifier,
    /// Its number in the table: another column may be given its name, but never its number.
    pub number: i16,
    pub kind: ColumnKind,
    /// Other columns that hold pieces of its values, in the order in which the layout has them.
    pub beside: Vec<BesideColumn>,
    pub layout: ColumnLayout,
    /// Where in a document the values stand; `None` when the cell is the value.
    pub paths: Option<Selection>,
    /// The ring's keys, as the layouts want them.
    pub keys: Arc<ColumnKeys>,
    /// Keys of key services that seal its values, or sealed them.
    pub sealed: Option<SealedColumn>,
    /// The wrapped data keys of its values.
    pub envelope: Option<Arc<Envelope>>,
    /// Whether the layout was found by authentication rather than configured.
    pub layout_was_found: bool,
    /// Where each column of the additional data stands in [`TablePlan::aad_columns`].
    pub aad_sources: Vec<usize>,
    /// What `{table}` stands for: the table's bare name, of a partition its parent's.
    pub aad_table: String,
    pub sample: sample::SampleCount,
}

impl ColumnPlan {
    /// How its values are opened and resealed.
    pub fn work(&self) -> ColumnWork<'_> {
        let (table, column) = (&*self.aad_table, self.name.name());
        let source = AadSource { table, column, places: &self.aad_sources };
        ColumnWork::new(&self.keys, &self.layout, source).in_documents(self.paths.as_ref())
    }

    /// Whether key services are asked about some of its values.
    pub fn asks_services(&self) -> bool {
        self.sealed.is_some() || self.envelope.is_some()
    }

    /// What a stored text begins with that its own words show to be done: no quote and no wildcard.
    pub fn done_prefix(&self) -> Option<String> {
        let (sealed, form) = (self.sealed.as_ref()?, self.layout.write().service()?);
        let is_text = self.kind == ColumnKind::Text && self.paths.is_none();
        let (_, newest) = sealed.written().filter(|_| is_text)?;
        let is_number = |version: &&str| version.bytes().all(|byte| byte.is_ascii_digit());
        form.prefix(newest.filter(is_number)?).filter(|_| sealed.version_tells())
    }

    /// Whether its values tell by themselves that they are done, and are believed.
    pub fn done_by_version(&self) -> bool {
        let tells = |form: &ServiceForm| form.tells_its_version() || form.has_version_column();
        let is_told = self.layout.write().service().is_some_and(tells);
        is_told && self.sealed.as_ref().is_some_and(SealedColumn::version_tells)
    }

    /// How its values and their wrapped data keys are worked on, if they have some.
    pub fn envelope(&self) -> Option<EnvelopeColumn<'_>> {
        let envelope = self.envelope.as_deref()?;
        Some(EnvelopeColumn { work: self.work(), layout: &self.layout, envelope })
    }

    /// How key services are asked about its values, if they are.
    pub fn asked(&self) -> Option<AskedColumn<'_>> {
        Some(AskedColumn { layout: &self.layout, sealed: self.sealed.as_ref()? })
    }
}

/// In which order a pass walks a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    ByKey,
    /// As the rows lie in the heap, by ctid.
    Physical,
}

/// Something the operator should know, which does not stop a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub what: String,
    pub place: String,
    pub hint: String,
}
