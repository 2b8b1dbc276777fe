//! Reads one page. Never locks, never OFFSET, bounded in rows and bytes.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::cursor::{Cursor, Position};
use super::page::{Fields, Page, SessionStamp, tid_of};
use super::size::PageSize;
use super::statements::{self, Bounds, Order};
use crate::db::ledger::shard::{Bound, Claim, Step};
use crate::db::row_key::{Binary, Tid};
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
    pub fn page_bytes(self) -> i64 {
        i64::try_from(self.page_bytes_max).unwrap_or(i64::MAX)
    }

    pub fn value_bytes(self) -> i32 {
        i32::try_from(self.value_bytes_max).unwrap_or(i32::MAX)
    }
}

/// The next page of a shard, after the cursor. Its end is where the cursor will stand.
pub async fn fetch(
    session: &mut Session,
    stamp: SessionStamp,
    table: &TablePlan,
    claim: &Claim,
    cursor: &Cursor,
    size: &mut PageSize,
    limits: Limits,
) -> Result<Page> {
    let next = Next { stamp, table, claim, cursor, limits };
    match claim.step {
        Step::Reseal => next.by_key(session, size).await,
        Step::Walk => next.by_block(session, size).await,
        Step::Close => Err(Error::bug("a close has no pages of its own")),
    }
}

/// Which page is next.
struct Next<'a> {
    stamp: SessionStamp,
    table: &'a TablePlan,
    claim: &'a Claim,
    cursor: &'a Cursor,
    limits: Limits,
}

impl Next<'_> {
    async fn by_key(&self, session: &mut Session, size: &PageSize) -> Result<Page> {
        let (table, until) = (self.table, self.claim.until.as_ref());
        let Position(after) = self.cursor.after(self.claim);
        let bounds = Bounds { after: after.is_some(), until: until.is_some() };
        let statement = statements::fetch_by_key(table, bounds);
        let (rows, bytes) = (i64::from(size.rows()), self.limits.page_bytes());
        let longest = self.limits.value_bytes();
        let keys = key_parameters(table, [after.as_ref(), until]);
        let mut parameters: Vec<Parameter<'_>> =
            vec![(&rows, Type::INT8), (&bytes, Type::INT8), (&longest, Type::INT4)];
        parameters.extend(keys.iter().map(|(key, kind)| (key as _, kind.clone())));
        let transaction = session.begin(&Terms::reading()).await?;
        let rows = transaction.query(&statement, &parameters).await?;
        transaction.commit().await?;
        crate::failpoint!("page-fetched");
        let (fields, is_last) = (Fields::of(table), rows.is_empty());
        let mut page = Page::new(rows, fields, Position(None), is_last, self.stamp, Order::ByKey);
        page.end = match page.len() {
            0 => Position(self.cursor.committed().cloned()),
            rows => Position::of_key(page.row_key(rows - 1)),
        };
        Ok(page)
    }

    async fn by_block(&self, session: &mut Session, size: &mut PageSize) -> Result<Page> {
        let after = self.cursor.after(self.claim).tid()?;
        let until = Position(self.claim.until.clone()).tid()?;
        let blocks = size.blocks();
        let before = Tid::start_of(after.block.saturating_add(blocks)).min(until);
        let rows = block_rows(session, self.table, after, before, self.limits).await?;
        crate::failpoint!("page-fetched");
        crate::failpoint!("walk-fetched");
        size.read_blocks(blocks, rows.len());
        let last = ascending(&rows, after)?;
        let (fields, end) = (Fields::of(self.table), Position::of_tid(before));
        let mut page = Page::new(rows, fields, end, false, self.stamp, Order::Physical);
        if page.bytes() >= self.limits.page_bytes_max {
            // rows beyond the byte bound were left for the next page
            page.end = Position::of_tid(last.unwrap_or(before));
        } else {
            page.is_last = before >= until;
        }
        Ok(page)
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

/// The rows between two tids, both exclusive.
pub async fn block_rows(
    session: &mut Session,
    table: &TablePlan,
    after: Tid,
    before: Tid,
    limits: Limits,
) -> Result<Vec<Row>> {
    let (bytes, longest) = (limits.page_bytes(), limits.value_bytes());
    let transaction = session.begin(&Terms::reading()).await?;
    let rows = transaction
        .query(
            &statements::fetch_by_block(table),
            &[
                (&bytes, Type::INT8),
                (&longest, Type::INT4),
                (&after, Type::TID),
                (&before, Type::TID),
            ],
        )
        .await?;
    transaction.commit().await?;
    Ok(rows)
}

/// The last row's place. The byte bound of a physical page counts on rows in physical order.
pub fn ascending(rows: &[Row], after: Tid) -> Result<Option<Tid>> {
    let mut last = after;
    for row in rows {
        let tid = tid_of(row)?;
        if tid <= last {
            return Err(Error::bug("a TID range scan did not read in physical order"));
        }
        last = tid;
    }
    Ok((!rows.is_empty()).then_some(last))
}
