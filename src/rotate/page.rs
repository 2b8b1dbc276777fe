//! The rows of one step, as they came from the server.
//!
//! A page belongs to the session it was read from: an `xmin` means nothing on another server, or on
//! the same one after a crash. It holds ciphertext, so it cannot be printed.

use tokio_postgres::Row;

use super::cursor::Position;
use super::statements::Order;
use crate::db::row_key::{Binary, Tid};
use crate::error::{Error, Result};
use crate::plan::TablePlan;

/// Where each thing stands in a fetched row: `xmin`, `ctid`, the row key, two fields for every value
/// column (the value, its length), the texts for the AAD.
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

    /// Stored bytes of all values of a row.
    pub fn bytes(self, row: &Row) -> u64 {
        let length = |column| row.get::<_, Option<i32>>(self.value(column) + 1);
        (0..self.values).filter_map(length).map(|bytes| u64::from(bytes.unsigned_abs())).sum()
    }

    fn value(self, column: usize) -> usize {
        FIRST_KEY + self.keys + 2 * column
    }

    fn aad_text(self, index: usize) -> usize {
        FIRST_KEY + self.keys + 2 * self.values + index
    }
}

/// Identifies the session a page was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionStamp(pub u64);

/// The rows of one step.
pub struct Page {
    rows: Vec<Row>,
    fields: Fields,
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
    pub length: u32,
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
        Self { rows, fields, end, is_last, session, order }
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
        tid_of(&self.rows[row])
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
        let length: Option<i32> = self.rows[row].get(field + 1);
        Value { stored: stored.map(|bytes| bytes.0), length: length.map_or(0, i32::unsigned_abs) }
    }

    /// The texts that the additional data of this row needs.
    pub fn aad_texts(&self, row: usize) -> Vec<Option<&[u8]>> {
        (0..self.fields.aad).map(|index| self.aad_text(row, index)).collect()
    }

    pub fn aad_text(&self, row: usize, index: usize) -> Option<&[u8]> {
        self.rows[row].get::<_, Option<Binary<'_>>>(self.fields.aad_text(index)).map(|text| text.0)
    }

    /// Stored bytes of all values.
    pub fn bytes(&self) -> u64 {
        self.rows.iter().map(|row| self.fields.bytes(row)).sum()
    }

    fn binary(&self, row: usize, field: usize) -> &[u8] {
        self.rows[row].get::<_, Binary<'_>>(field).0
    }
}

/// The place of a fetched row.
pub fn tid_of(row: &Row) -> Result<Tid> {
    Tid::from_binary(row.get::<_, Binary<'_>>(CTID).0)
        .ok_or_else(|| Error::bug("a ctid did not have six bytes"))
}
