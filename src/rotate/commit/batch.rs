//! The arrays of one set-based write: the rows of a part that hold something to be written.

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::{Part, Writer};
use crate::db::row_key::{Binary, BinaryArray, Tid};
use crate::error::Result;
use crate::plan::ColumnKind;
use crate::rotate::judge::JudgedPage;
use crate::rotate::statements::Order;

/// The rows of one write, in the order of their numbers on the server (from 1).
#[derive(Debug)]
pub struct Batch {
    pub rows: Vec<usize>,
    pub only_column: Option<usize>,
}

/// Rows of a page.
#[derive(Debug, Default)]
pub struct RowSet(Vec<bool>);

impl RowSet {
    pub fn contains(&self, row: usize) -> bool {
        self.0.get(row).copied().unwrap_or(false)
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, is_in)| **is_in).map(|(row, _)| row)
    }
}

/// Parameters with their types, in the order that `statements` gives them.
pub struct Parameters<'p>(Vec<(Box<dyn ToSql + Sync + Send + 'p>, Type)>);

impl Parameters<'_> {
    pub fn list(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.0.iter().map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone())).collect()
    }
}

impl Batch {
    /// The rows of a part that are to be written.
    pub fn of(page: &JudgedPage, part: &Part) -> Self {
        let rows = part.rows.clone().filter(|row| page.is_written(*row)).collect();
        Self { rows, only_column: part.only_column }
    }

    /// Rows of the page, from the server's numbers.
    pub fn rows_of(&self, numbers: impl Iterator<Item = i64>) -> RowSet {
        let row = |n: i64| usize::try_from(n - 1).ok().and_then(|n| self.rows.get(n).copied());
        let mut rows = RowSet(vec![false; self.rows.last().map_or(0, |last| last + 1)]);
        numbers.filter_map(row).for_each(|row| rows.0[row] = true);
        rows
    }

    /// Rows of the page, as an answer of the server tells them.
    pub fn rows_told(&self, answer: &Row, field: &str) -> RowSet {
        let numbers = answer.get::<_, Option<Vec<i64>>>(field).unwrap_or_default();
        self.rows_of(numbers.into_iter())
    }

    /// Every parameter of the write statements.
    pub fn parameters<'p>(
        &self,
        writer: &'p Writer,
        page: &'p JudgedPage,
    ) -> Result<Parameters<'p>> {
        let table = &*writer.table;
        let rows = &page.page;
        let mut list = Parameters(vec![(Box::new(table.oid), Type::OID)]);
        self.push(&mut list, Type::XID_ARRAY, Type::XID.oid(), |row| Some(rows.xmin(row)));
        self.push(&mut list, Type::TID_ARRAY, Type::TID.oid(), |row| Some(rows.ctid(row)));
        for (n, key) in table.key.columns.iter().enumerate() {
            let kind = key.sql_type.array_parameter();
            self.push(&mut list, kind, key.sql_type.oid, |row| Some(rows.key(row, n)));
        }
        for (n, column) in table.columns.iter().enumerate() {
            let skipped = self.only_column.is_some_and(|only| only != n);
            for (place, (_, kind)) in column.cell().columns().enumerate() {
                let (array, element) = array_of(kind);
                self.push(&mut list, array, element, |row| {
                    let new = page.row(row)[n].replacement().filter(|_| !skipped)?;
                    column.piece(new, place)
                });
            }
        }
        for n in 0..table.aad_columns.len() {
            self.push(&mut list, Type::TEXT_ARRAY, Type::TEXT.oid(), |row| rows.aad_text(row, n));
        }
        if writer.compares_values {
            for (n, column) in table.columns.iter().enumerate() {
                let (array, element) = array_of(column.cell().stored_kind());
                self.push(&mut list, array, element, |row| rows.value(row, n).stored);
            }
        }
        self.push_range(&mut list, writer, page)?;
        Ok(list)
    }

    fn push<'p>(
        &self,
        list: &mut Parameters<'p>,
        kind: Type,
        element_oid: u32,
        item: impl Fn(usize) -> Option<&'p [u8]>,
    ) {
        let items = self.rows.iter().map(|row| item(*row)).collect();
        list.0.push((Box::new(BinaryArray { element_oid, items }), kind));
    }

    /// Lower and upper bound of the rows: keys in key order, tids in physical order.
    fn push_range<'p>(
        &self,
        list: &mut Parameters<'p>,
        writer: &'p Writer,
        page: &'p JudgedPage,
    ) -> Result<()> {
        let rows = &page.page;
        if writer.order == Order::Physical {
            let tids: Result<Vec<Tid>> = self.rows.iter().map(|row| rows.tid(*row)).collect();
            let tids = tids?;
            for bound in [tids.iter().min(), tids.iter().max()] {
                let bound = bound.copied().unwrap_or(Tid::start_of(0));
                list.0.push((Box::new(bound), Type::TID));
            }
            return Ok(());
        }
        let (first, last) = (self.rows.first().copied(), self.rows.last().copied());
        let (low, high) = if writer.table.key.descending { (last, first) } else { (first, last) };
        for bound in [low, high] {
            for (n, key) in writer.table.key.columns.iter().enumerate() {
                let bytes = bound.map(|row| Binary(rows.key(row, n)));
                list.0.push((Box::new(bytes), key.sql_type.parameter()));
            }
        }
        Ok(())
    }
}

fn array_of(kind: ColumnKind) -> (Type, u32) {
    match kind {
        ColumnKind::Bytea => (Type::BYTEA_ARRAY, Type::BYTEA.oid()),
        ColumnKind::Text | ColumnKind::Json | ColumnKind::Jsonb | ColumnKind::Integer => {
            (Type::TEXT_ARRAY, Type::TEXT.oid())
        }
    }
}
