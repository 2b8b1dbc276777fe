//! Lists the failed values of a part, in the transaction that moves its checkpoint past them.

use std::ops::Range;

use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;

use super::commit::Attempt;
use super::judge::{JudgedPage, Judgement};
use super::page::{Page, Value};
use super::statements;
use crate::db::error::DatabaseError;
use crate::db::row_key::BinaryArray;
use crate::db::transaction::{Parameter, Transaction};
use crate::document::Document;
use crate::plan::{KeyColumn, TablePlan};
use crate::value::Reason;

/// Which values are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Failures, and what the database refused.
    Failed,
    /// Whatever the current key is not known to open.
    NotCurrent,
    /// Failures, and what the database may have refused before: whatever may be listed already.
    Listable,
}

/// Failed values as parallel lists.
#[derive(Default)]
pub struct FailedValues {
    pub rows: Vec<usize>,
    pub columns: Vec<String>,
    pub paths: Vec<String>,
    pub reasons: Vec<&'static str>,
    pub sqlstates: Vec<Option<String>>,
    pub digests: Vec<Vec<u8>>,
}

impl FailedValues {
    /// Takes values of one cell.
    pub fn take(
        &mut self,
        table: &TablePlan,
        page: &JudgedPage,
        (row, column): (usize, usize),
        taken: Taken,
    ) {
        for (place, judgement) in page.row(row)[column].values() {
            let (reason, sqlstate) = match judgement {
                Judgement::Failed(reason) => (*reason, None),
                Judgement::Refused { sqlstate } if taken == Taken::Failed => {
                    (Reason::WriteRefused, sqlstate.clone())
                }
                // one that its key service would not open is not told from one that it would
                Judgement::Previous if taken == Taken::NotCurrent => (Reason::NoKeyOpensIt, None),
                Judgement::Previous | Judgement::Unknown if taken == Taken::Listable => {
                    (Reason::WriteRefused, None)
                }
                _ => continue,
            };
            let cell = page.page.value(row, column);
            self.rows.push(row);
            self.columns.push(table.columns[column].name.name().to_owned());
            self.paths.push(place.map(|place| path(cell, place)).unwrap_or_default());
            self.reasons.push(reason.as_str());
            self.sqlstates.push(sqlstate);
            self.digests.push(digest(cell, place));
        }
    }

    /// One array for each key column, of the rows that failed.
    pub fn keys<'p>(&self, table: &TablePlan, page: &'p Page) -> Vec<(BinaryArray<'p>, Type)> {
        let array = |(n, key): (usize, &KeyColumn)| {
            let items = self.rows.iter().map(|row| Some(page.key(*row, n))).collect();
            let array = BinaryArray { element_oid: key.sql_type.oid, items };
            (array, key.sql_type.array_parameter())
        };
        table.key.columns.iter().enumerate().map(array).collect()
    }
}

/// Where in its document a value stands.
fn path(cell: Value<'_>, place: &Range<usize>) -> String {
    let document = cell.stored.and_then(|stored| Document::parse(stored).ok());
    document.map(|document| document.path_at(place.start)).unwrap_or_default()
}

/// SHA-256 of what is stored: tells whether it is still the same value, and nothing else. A value too
/// long to be fetched is told by its length.
fn digest(cell: Value<'_>, place: Option<&Range<usize>>) -> Vec<u8> {
    let mut hash = Sha256::new();
    match (cell.stored, place) {
        (Some(stored), Some(place)) => hash.update(stored.get(place.clone()).unwrap_or(stored)),
        (Some(stored), None) => hash.update(stored),
        (None, _) => hash.update(format!("{} bytes", cell.length)),
    }
    hash.finalize().to_vec()
}

/// Records the failures of a part.
pub async fn record(
    transaction: &Transaction<'_>,
    attempt: &Attempt<'_>,
) -> Result<(), DatabaseError> {
    let failed = collect(attempt);
    if failed.rows.is_empty() {
        return Ok(());
    }
    let (table, claim) = (&attempt.writer.table, &attempt.writer.claim);
    let keys = failed.keys(table, &attempt.page.page);
    let name = table.relation.plain();
    let mut parameters: Vec<Parameter<'_>> = vec![
        (&claim.id.run_id, Type::INT8),
        (&claim.id.pass, Type::INT4),
        (&name, Type::TEXT),
        (&failed.columns, Type::TEXT_ARRAY),
        (&failed.reasons, Type::TEXT_ARRAY),
        (&failed.sqlstates, Type::TEXT_ARRAY),
        (&failed.digests, Type::BYTEA_ARRAY),
        (&failed.paths, Type::TEXT_ARRAY),
    ];
    parameters.extend(keys.iter().map(|(key, kind)| (key as _, kind.clone())));
    transaction.execute(&statements::record_failures(table), &parameters).await?;
    Ok(())
}

fn collect(attempt: &Attempt<'_>) -> FailedValues {
    let mut failed = FailedValues::default();
    let table = &*attempt.writer.table;
    for row in attempt.part.rows.clone() {
        for column in 0..table.columns.len() {
            failed.take(table, attempt.page, (row, column), Taken::Failed);
        }
    }
    failed
}
