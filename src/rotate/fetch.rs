//! Reads one page of a claimed shard. Never locks, never OFFSET, bounded in rows and bytes.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::cursor::Position;
use super::page::{Fields, Page};
use super::size::PageSize;
use super::statements::{self, Bounds, Order};
use super::sweep::sweep;
use crate::db::ledger::shard::{Bound, Claim, Step};
use crate::db::row_key::Binary;
use crate::db::session::{Session, Terms};
use crate::db::transaction::Parameter;
use crate::error::{Error, Result};
use crate::plan::TablePlan;

/// What bounds a page besides its rows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub page_bytes_max: u64,
    pub value_bytes_max: u64,
}

impl Limits {
    /// Bytes of a value that is fetched, at most.
    pub fn value_bytes(self) -> i32 {
        i32::try_from(self.value_bytes_max).unwrap_or(i32::MAX)
    }

    /// Bytes of a value in a page of so many rows, at most: all of them fit. In a row alone a value may be
    /// as long as any.
    pub fn value_bytes_in(self, rows: u32, columns: u64) -> u64 {
        match rows {
            0 | 1 => self.value_bytes_max,
            rows => (self.page_bytes_max / (u64::from(rows) * columns)).min(self.value_bytes_max),
        }
    }
}

/// Reads the pages of a claimed shard.
pub struct Reader<'a> {
    pub table: &'a Arc<TablePlan>,
    pub claim: &'a Claim,
    pub limits: Limits,
}

impl Reader<'_> {
    /// The page after `position`, which is the end of the page before it; `None` at the shard's start.
    /// Its own end is where the cursor will stand.
    pub async fn page(
        &self,
        session: &mut Session,
        position: &Position,
        size: &mut PageSize,
    ) -> Result<Page> {
        let order = match self.claim.step {
            Step::Reseal => Order::ByKey,
            Step::ResealByBlock => Order::Physical,
            Step::Walk => return self.swept(session, position, size).await,
            Step::Close => return Err(Error::bug("a close has no pages of its own")),
        };
        loop {
            let asked = size.rows().min(self.table.rows_at_once());
            let longest = self.limits.value_bytes_in(asked, self.columns());
            let mut rows = self.rows(session, position, order, asked, longest).await?;
            crate::failpoint!("page-fetched");
            let read = rows.len();
            if let Some((row, bytes)) = self.first_left(&rows) {
                // it belongs to the next page, which has fewer rows and so room for longer values
                rows.truncate(row);
                if row == 0 {
                    size.fit(self.limits.page_bytes_max / (bytes * self.columns()));
                    continue;
                }
            }
            let longest = rows.iter().map(|row| Fields::of(self.table).longest_fetched(row)).max();
            let longest = longest.unwrap_or(0).max(1);
            size.fit(self.limits.page_bytes_max / (longest * self.columns()));
            let is_last = rows.len() == read && read < asked as usize;
            return self.assemble(session, rows, position, order, is_last);
        }
    }

    fn columns(&self) -> u64 {
        self.table.columns.len() as u64
    }

    /// The first row with a value that only this page had no room for, and that value's length.
    fn first_left(&self, rows: &[Row]) -> Option<(usize, u64)> {
        let fields = Fields::of(self.table);
        let left = |(n, row)| Some((n, fields.longest_left(row)?));
        let mut left = rows.iter().enumerate().filter_map(left);
        left.find(|(_, bytes)| *bytes <= self.limits.value_bytes_max)
    }

    fn assemble(
        &self,
        session: &Session,
        rows: Vec<Row>,
        position: &Position,
        order: Order,
        is_last: bool,
    ) -> Result<Page> {
        let (fields, end) = (Fields::of(self.table), position.clone());
        let mut page = Page::new(rows, fields, end, is_last, session.stamp(), order);
        let Some(last) = page.len().checked_sub(1) else { return Ok(page) };
        page.end = match order {
            Order::ByKey => Position::of_key(page.row_key(last)),
            Order::Physical => {
                let before = self.after(position).tid()?;
                Position::of_tid((0..=last).try_fold(before, |tid, row| page.next_tid(row, tid))?)
            }
        };
        Ok(page)
    }

    async fn rows(
        &self,
        session: &mut Session,
        position: &Position,
        order: Order,
        asked: u32,
        longest: u64,
    ) -> Result<Vec<Row>> {
        let asked = i64::from(asked);
        let longest = i32::try_from(longest).unwrap_or(i32::MAX);
        let mut parameters: Vec<Parameter<'_>> = vec![(&asked, Type::INT8), (&longest, Type::INT4)];
        let Position(after) = self.after(position);
        let until = self.claim.until.as_ref();
        let (statement, keys, tids);
        match order {
            Order::ByKey => {
                let bounds = Bounds { after: after.is_some(), until: until.is_some() };
                statement = statements::fetch_by_key(self.table, bounds);
                keys = key_parameters(self.table, [after.as_ref(), until]);
                parameters.extend(keys.iter().map(|(key, kind)| (key as _, kind.clone())));
            }
            Order::Physical => {
                statement = statements::fetch_by_block(self.table);
                tids = [Position(after).tid()?, Position(until.cloned()).tid()?];
                parameters.extend(tids.iter().map(|tid| (tid as _, Type::TID)));
            }
        }
        let transaction = session.begin(&Terms::reading()).await?;
        let rows = transaction.query(&statement, &parameters).await?;
        transaction.finish_reading();
        Ok(rows)
    }

    async fn swept(
        &self,
        session: &mut Session,
        position: &Position,
        size: &mut PageSize,
    ) -> Result<Page> {
        let after = self.after(position).tid()?;
        let until = Position(self.claim.until.clone()).tid()?;
        sweep(session, self.table, after..until, size, self.limits).await
    }

    /// Where the next page begins: after the position, or after the shard's lower bound.
    fn after(&self, position: &Position) -> Position {
        Position(position.0.clone().or_else(|| self.claim.after.clone()))
    }
}

/// The parameters for the columns of row keys.
fn key_parameters<'k>(
    table: &TablePlan,
    keys: impl IntoIterator<Item = Option<&'k Bound>>,
) -> Vec<(Binary<'k>, Type)> {
    let typed = |key: &'k Bound| {
        let columns = key.iter().zip(&table.key.columns);
        columns
            .map(|(bytes, column)| (Binary(bytes), column.sql_type.parameter()))
            .collect::<Vec<_>>()
    };
    keys.into_iter().flatten().flat_map(typed).collect()
}
