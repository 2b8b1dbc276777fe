//! A random sample of a table, opened with the keys at hand.
//!
//! Blocks are drawn by the server (`TABLESAMPLE SYSTEM`), so the cost does not grow with the table.
//! Values are opened in memory and forgotten; only counts leave this file.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::DataKeyCount;
use super::decide::{Draft, DraftColumn};
use crate::crypto::wipe_unused_stack;
use crate::db::error::DatabaseError;
use crate::db::row_key::Binary;
use crate::db::sample::{self, Bounds, Drawn};
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::document::{Document, Selection};
use crate::keys::ColumnKeys;
use crate::layout::ColumnLayout;
use crate::value::{ColumnWork, Reading, Reason, Scratch};

/// Blocks to draw; a table with no more is looked at whole.
const SAMPLE_BLOCKS: f64 = 200.0;
/// Rows to open at most, and bytes of values to hold.
const SAMPLE_ROWS_MAX: i64 = 1_000;
const SAMPLE_BYTES_MAX: i64 = 16 << 20;
/// … where each value has a key of its own that is slow to derive.
const SLOW_ROWS_MAX: usize = 32;

/// What a sample says of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleCount {
    /// Sampled values; NULL and empty ones are left out unless the column says otherwise.
    pub values: u64,
    pub current: u64,
    pub previous: u64,
    /// Values that nothing opened, by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Stored bytes of the sampled values.
    pub bytes: u64,
    /// Values whose nonce was made from the plaintext, to be found by their ciphertext.
    pub deterministic: u64,
    /// Values that are byte for byte another one of the sample.
    pub equal: u64,
    /// Of values with wrapped data keys.
    pub data_keys: Option<DataKeyCount>,
    /// … what these are bound to.
    pub bindings: Option<DataKeyCount>,
}

impl SampleCount {
    pub fn unreadable(&self) -> u64 {
        self.reasons.values().sum()
    }

    /// Cells that hold nothing where the column wants a value: they say nothing about keys.
    pub fn missing(&self) -> u64 {
        self.because(Reason::Missing)
    }

    /// Values that have the shape of no layout.
    pub fn malformed(&self) -> u64 {
        self.because(Reason::Malformed)
    }

    fn because(&self, reason: Reason) -> u64 {
        self.reasons.get(reason.as_str()).copied().unwrap_or_default()
    }

    /// So many more values were not looked at: they will be as those are.
    pub(super) fn stand_for(&mut self, others: u64) {
        let looked_at = self.values.max(1);
        let scale = |counted: &mut u64| *counted += *counted * others / looked_at;
        [&mut self.values, &mut self.current, &mut self.previous].into_iter().for_each(scale);
        self.reasons.values_mut().for_each(scale);
    }

    pub(super) fn take(&mut self, reading: Reading, was_deterministic: bool) {
        let is_open = !matches!(reading, Reading::Unreadable(_) | Reading::Plain | Reading::Left);
        self.values += u64::from(reading != Reading::Left);
        self.deterministic += u64::from(is_open && was_deterministic);
        match reading {
            Reading::Left => {}
            Reading::Current => self.current += 1,
            Reading::OtherLayout | Reading::Previous(_) | Reading::Plain => self.previous += 1,
            Reading::Unreadable(reason) => {
                *self.reasons.entry(reason.as_str()).or_default() += 1;
            }
        }
    }
}

/// Sampled rows of one relation.
pub struct Sample {
    rows: Vec<Row>,
    /// Rows in the whole table, estimated from the blocks drawn.
    pub rows_estimate: u64,
    /// What the server took to read one row of the blocks drawn.
    pub reading: Duration,
}

/// Draws a sample of a relation.
pub async fn draw(
    transaction: &Transaction<'_>,
    draft: &Draft,
    value_bytes_max: u64,
) -> Result<Sample, DatabaseError> {
    let statement = statement(draft);
    let bounds = Bounds {
        rows: SAMPLE_ROWS_MAX,
        bytes: SAMPLE_BYTES_MAX,
        value_bytes: i32::try_from(value_bytes_max).unwrap_or(i32::MAX),
    };
    let drawn = sample::draw(transaction, &statement, percent_of(draft), bounds).await?;
    let Drawn { mut rows, percent, took } = drawn;
    let is_slow = |column: &DraftColumn| column.layout.as_ref().is_some_and(|(l, _)| l.is_slow());
    if draft.columns.iter().any(is_slow) {
        rows.truncate(SLOW_ROWS_MAX);
    }
    let in_blocks = rows.first().map_or(0, |row| row.get::<_, i64>("rows_in_blocks"));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate"
    )]
    let rows_estimate = (in_blocks as f64 * 100.0 / f64::from(percent)).round() as u64;
    // values out of line are read for the sampled rows alone, and cost more than all the others
    let out_of_line = mean_bytes(&rows, draft.columns.len()) > OUT_OF_LINE_BYTES;
    let read = if out_of_line { rows.len() as u64 } else { in_blocks.unsigned_abs() };
    Ok(Sample { rows, rows_estimate, reading: per(took, read) })
}

/// From here on PostgreSQL stores a value out of line (TOAST_TUPLE_THRESHOLD).
pub const OUT_OF_LINE_BYTES: u64 = 2_000;

/// Bytes of a sampled value, on average.
fn mean_bytes(rows: &[Row], columns: usize) -> u64 {
    let lengths =
        |row| (0..columns).filter_map(move |n| Row::get::<_, Option<i32>>(row, 2 * n + 1));
    let all: Vec<u64> =
        rows.iter().flat_map(lengths).map(|n| u64::from(n.unsigned_abs())).collect();
    all.iter().sum::<u64>() / (all.len() as u64).max(1)
}

/// The share of one of so many.
pub fn per(took: Duration, count: u64) -> Duration {
    took / u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

/// A table of fewer rows is walked in key order, however its rows lie.
const LARGE_ROWS: u64 = 100_000;

/// How well the order of a large table's keys follows that of its heap, from -1 to 1.
pub async fn correlation(
    transaction: &Transaction<'_>,
    draft: &Draft,
    rows: u64,
) -> Result<Option<f64>, DatabaseError> {
    if rows < LARGE_ROWS {
        return Ok(None);
    }
    let (relation, key_order) = (draft.relation.to_string(), draft.key.order());
    let fragments = [("relation", relation.as_str()), ("key_order", key_order.as_str())];
    let statement = sql::render(sql::PLAN_KEY_CORRELATION, &fragments);
    let percent = percent_of(draft);
    let row = transaction.query_one(&statement, &[(&percent, Type::FLOAT4)]).await?;
    Ok(row.get("correlation"))
}

/// As TABLESAMPLE takes it.
fn percent_of(draft: &Draft) -> f32 {
    sample::percent_of(draft.blocks.into(), SAMPLE_BLOCKS)
}

/// Two fields for every value column (the value, its length), then the texts for the AAD.
fn statement(draft: &Draft) -> String {
    let mut columns = Vec::new();
    let mut lengths = Vec::new();
    for (n, column) in draft.columns.iter().enumerate() {
        let (stored, length) = (column.cell().stored(), column.cell().length());
        columns
            .push(format!("CASE WHEN {length} <= $4 THEN {stored} END AS v{n}, {length} AS b{n}"));
        lengths.push(format!("coalesce({length}, 0)"));
    }
    for (n, name) in draft.aad_columns.iter().enumerate() {
        columns.push(format!("t.{name}::text AS a{n}"));
    }
    sql::render(
        sql::PLAN_SAMPLE,
        &[
            ("relation", &draft.relation.to_string()),
            ("columns", &columns.join(", ")),
            ("row_bytes", &lengths.join(" + ")),
        ],
    )
}

/// The texts that the additional data of a sampled row needs.
pub(super) fn texts<'r>(draft: &Draft, row: &'r Row) -> Vec<Option<&'r [u8]>> {
    let first = 2 * draft.columns.len();
    let text = |n| row.get::<_, Option<Binary<'_>>>(first + n).map(|text| text.0);
    (0..draft.aad_columns.len()).map(text).collect()
}

impl Sample {
    /// How many rows were sampled.
    pub fn row_count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Opens the sampled values of column number `index` through a layout.
    pub fn count<'r>(
        &'r self,
        draft: &Draft,
        index: usize,
        layout: &ColumnLayout,
        keys: &ColumnKeys,
    ) -> SampleCount {
        let column = &draft.columns[index];
        let work = ColumnWork::new(keys, layout, column.aad_source());
        let work = work.in_documents(column.paths.as_ref());
        let mut scratch = Scratch::default();
        let mut count = SampleCount::default();
        let mut seen = HashSet::new();
        for (row, stored, length) in self.cells(index) {
            let Some(length) = length else {
                count.take(work.read_null(), false);
                continue;
            };
            count.bytes += length;
            let texts = texts(draft, row);
            let mut take = |reading, value: Option<&'r [u8]>, scratch: &Scratch| {
                let is_ciphertext = !matches!(reading, Reading::Left | Reading::Plain);
                let is_seen = |value| is_ciphertext && !seen.insert(value);
                count.equal += u64::from(value.is_some_and(is_seen));
                count.take(reading, scratch.was_deterministic());
            };
            let Some(work) = work.documents() else {
                let reading = work.read(stored, &texts, &mut scratch);
                take(reading, stored, &scratch);
                continue;
            };
            let read = work.read_each(stored, &texts, &mut scratch, |string, scratch| {
                take(string.outcome, stored.and_then(|cell| cell.get(string.place)), scratch);
            });
            if let Err(reason) = read {
                count.take(Reading::Unreadable(reason), false);
            }
        }
        wipe_unused_stack();
        count
    }

    /// The paths of a column's documents that lead to nothing in any sampled row.
    pub fn leading_nowhere<'p>(&self, index: usize, paths: &'p Selection) -> Vec<&'p str> {
        let leads = |path: &&String| {
            let Ok(path) = paths.only(path) else { return false };
            let finds = |stored: &[u8]| {
                let document = Document::parse(stored);
                document.is_ok_and(|document| document.select(&path).is_ok_and(|t| !t.is_empty()))
            };
            self.cells(index).any(|(_, stored, _)| stored.is_some_and(finds))
        };
        paths.paths().iter().filter(|path| !leads(path)).map(String::as_str).collect()
    }

    /// Rows with what stands in column number `index` unless it is too long, and its length unless it is NULL.
    pub(super) fn cells(
        &self,
        index: usize,
    ) -> impl Iterator<Item = (&Row, Option<&[u8]>, Option<u64>)> {
        self.rows.iter().map(move |row| {
            let stored: Option<Binary<'_>> = row.get(2 * index);
            let length: Option<i32> = row.get(2 * index + 1);
            let length = length.map(|length| u64::from(length.unsigned_abs()));
            (row, stored.map(|bytes| bytes.0), length)
        })
    }
}
