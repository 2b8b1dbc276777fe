//! The rows of one step, as they came from the server.
//!
//! A page belongs to the session it was read from: an `xmin` means nothing on another server, or on
//! the same one after a crash. It holds ciphertext, so it cannot be printed.

use std::ops::Range;

use tokio_postgres::Row;

use super::cursor::Position;
use super::statements::Order;
use crate::db::row_key::{Binary, Tid};
use crate::db::session::SessionStamp;
use crate::error::{Error, Result};
use crate::plan::TablePlan;

/// Where each thing stands in a fetched row: `xmin`, `ctid`, the row key, two fields for every value
/// column (the value; its length when it is too long to be fetched), the texts for the AAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    pub keys: usize,
    pub values: usize,
    pub aad: usize,
}

const XMIN: usize = 0;
const CTID: usize = 1;
const FIRST_KEY: usize = 2;

impl Fields {
    pub fn of(table: &TablePlan) -> Self {
        Self {
            keys: table.key.columns.len(),
            values: table.columns.len(),
            aad: table.aad_columns.len(),
        }
    }

    /// Stored bytes that a row brought along.
    pub fn bytes(self, row: &Row) -> u64 {
        self.fetched(row).map(|value| value.len() as u64).sum()
    }

    /// Bytes of the longest value that a row brought along.
    pub fn longest_fetched(self, row: &Row) -> u64 {
        self.fetched(row).map(|value| value.len() as u64).max().unwrap_or(0)
    }

    /// Bytes of the longest value that was too long to be fetched with its row.
    pub fn longest_left(self, row: &Row) -> Option<u64> {
        let left = |column| row.get::<_, Option<i32>>(self.value(column) + 1);
        (0..self.values).filter_map(left).map(|bytes| u64::from(bytes.unsigned_abs())).max()
    }

    fn fetched(self, row: &Row) -> impl Iterator<Item = &[u8]> {
        let value = move |column| row.get::<_, Option<Binary<'_>>>(self.value(column));
        (0..self.values).filter_map(value).map(|value| value.0)
    }

    fn value(self, column: usize) -> usize {
        FIRST_KEY + self.keys + 2 * column
    }

    fn aad_text(self, index: usize) -> usize {
        FIRST_KEY + self.keys + 2 * self.values + index
    }
}

/// Rows that a walk opened and let pass: nothing needs to be done about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    pub rows: u64,
    /// Values under the current key, by column.
    pub current: Vec<u64>,
}

impl Passed {
    /// What passed since `earlier`.
    fn since(mut self, earlier: &Self) -> Self {
        self.rows -= earlier.rows;
        for (current, earlier) in self.current.iter_mut().zip(&earlier.current) {
            *current -= earlier;
        }
        self
    }
}

/// The rows of one step.
pub struct Page {
    rows: Vec<Row>,
    fields: Fields,
    /// What had passed when each row was met, and in the end. Empty where nothing is let pass.
    passed: Vec<Passed>,
    /// Where the cursor stands once these rows are committed.
    pub end: Position,
    /// The shard ends with this page.
    pub is_last: bool,
    pub session: SessionStamp,
    /// How the rows lie.
    pub order: Order,
}

/// One stored value.
#[derive(Clone, Copy)]
pub struct Value<'p> {
    /// `None` when it is NULL or was too long to be fetched.
    pub stored: Option<&'p [u8]>,
    /// Bytes; 0 for NULL.
    pub length: u64,
}

impl Value<'_> {
    pub fn is_null(&self) -> bool {
        self.stored.is_none() && self.length == 0
    }
}

impl Page {
    pub fn new(
        rows: Vec<Row>,
        fields: Fields,
        end: Position,
        is_last: bool,
        session: SessionStamp,
        order: Order,
    ) -> Self {
        Self { rows, fields, passed: Vec::new(), end, is_last, session, order }
    }

    /// With what a walk let pass: before each row, and in the end.
    pub fn with_passed(self, passed: Vec<Passed>) -> Self {
        debug_assert!(passed.len() == self.rows.len() + 1, "one count a row, and one in the end");
        Self { passed, ..self }
    }

    /// What passed together with the rows of a part: before its rows, and after the page's last one.
    pub fn passed(&self, part: &Range<usize>) -> Passed {
        let until = |row: usize| self.passed.get(row).cloned().unwrap_or_default();
        let to = until(if part.end == self.len() { part.end } else { part.end - 1 });
        if part.start == 0 { to } else { to.since(&until(part.start - 1)) }
    }

    /// Stored bytes of one row's values.
    pub fn bytes(&self, row: usize) -> u64 {
        self.fields.bytes(&self.rows[row])
    }

    /// The rows that are kept.
    pub fn into_rows(self, keep: &[bool]) -> Vec<Row> {
        let kept = self.rows.into_iter().zip(keep).filter(|(_, keep)| **keep);
        kept.map(|(row, _)| row).collect()
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The transaction that wrote this row version, in binary form.
    pub fn xmin(&self, row: usize) -> &[u8] {
        self.binary(row, XMIN)
    }

    /// Where this row version lies, in binary form.
    pub fn ctid(&self, row: usize) -> &[u8] {
        self.binary(row, CTID)
    }

    /// Where this row version lies.
    pub fn tid(&self, row: usize) -> Result<Tid> {
        Tid::from_binary(self.ctid(row)).ok_or_else(|| Error::bug("a ctid did not have six bytes"))
    }

    /// Where a row lies that was read in physical order, after `last`. Positions in that order count on it.
    pub fn next_tid(&self, row: usize, last: Tid) -> Result<Tid> {
        let tid = self.tid(row)?;
        if tid <= last {
            return Err(Error::bug("a TID range scan did not read in physical order"));
        }
        Ok(tid)
    }

    /// Key column number `column`, in binary form.
    pub fn key(&self, row: usize, column: usize) -> &[u8] {
        self.binary(row, FIRST_KEY + column)
    }

    /// The whole row key.
    pub fn row_key(&self, row: usize) -> Vec<Vec<u8>> {
        (0..self.fields.keys).map(|column| self.key(row, column).to_vec()).collect()
    }

    /// The value of configured column number `column`.
    pub fn value(&self, row: usize, column: usize) -> Value<'_> {
        let field = self.fields.value(column);
        let stored: Option<Binary<'_>> = self.rows[row].get(field);
        if let Some(Binary(stored)) = stored {
            return Value { stored: Some(stored), length: stored.len() as u64 };
        }
        let left: Option<i32> = self.rows[row].get(field + 1);
        Value { stored: None, length: left.map_or(0, |bytes| u64::from(bytes.unsigned_abs())) }
    }

    /// The texts that the additional data of this row needs.
    pub fn aad_texts(&self, row: usize) -> Vec<Option<&[u8]>> {
        (0..self.fields.aad).map(|index| self.aad_text(row, index)).collect()
    }

    pub fn aad_text(&self, row: usize, index: usize) -> Option<&[u8]> {
        self.rows[row].get::<_, Option<Binary<'_>>>(self.fields.aad_text(index)).map(|text| text.0)
    }

    fn binary(&self, row: usize, field: usize) -> &[u8] {
        self.rows[row].get::<_, Binary<'_>>(field).0
    }
}
