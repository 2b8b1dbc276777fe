//! One page of a walk: opens every value in a range of blocks and keeps only the rows that need something
//! done. In most walks there are none, so a page may be large and cost one transaction to commit.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Instant;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::cursor::Position;
use super::fetch::Limits;
use super::judge::{JudgedPage, Judgement};
use super::page::{Fields, Page, Passed};
use super::sift::{Room, sift};
use super::size::PageSize;
use super::statements::{self, Order};
use crate::db::row_key::Tid;
use crate::db::session::{Session, Terms};
use crate::error::Result;
use crate::plan::TablePlan;

/// The next page of a walk over `range` (tids, both exclusive): rows with a value under a previous key or
/// a failure, and what passed between them.
///
/// # Errors
/// Those of the database; a bug when rows do not come in physical order.
pub async fn sweep(
    session: &mut Session,
    table: &Arc<TablePlan>,
    range: Range<Tid>,
    size: &mut PageSize,
    limits: Limits,
) -> Result<Page> {
    let begun = Instant::now();
    let stamp = session.stamp();
    let blocks = size.blocks();
    let before = Tid::start_of(range.start.block.saturating_add(blocks)).min(range.end);
    let longest = limits.value_bytes();
    let statement = statements::sweep(table);
    let transaction = session.begin(&Terms::reading()).await?;
    let parameters =
        [(&longest as _, Type::INT4), (&range.start as _, Type::TID), (&before as _, Type::TID)];
    let stream = transaction.stream(&statement, &parameters).await?;
    let room = Room { rows: size.rows() as usize, bytes: limits.page_bytes_max };
    let mut kept = Kept::new(range.start, room, table.columns.len());
    sift(stream, stamp, table, |judged| kept.take(judged)).await?;
    transaction.finish_reading();
    crate::failpoint!("page-fetched");
    crate::failpoint!("walk-fetched");
    let end = if kept.room.is_full() { kept.last } else { before };
    size.swept(end.block.saturating_sub(range.start.block).max(1), begun.elapsed());
    let is_last = end >= range.end;
    let (fields, end) = (Fields::of(table), Position::of_tid(end));
    let page = Page::new(kept.rows, fields, end, is_last, stamp, Order::Physical);
    kept.passed_before.push(kept.passed);
    Ok(page.with_passed(kept.passed_before))
}

/// What a sweep keeps, within bounds.
struct Kept {
    rows: Vec<Row>,
    passed_before: Vec<Passed>,
    passed: Passed,
    /// The last row that was judged.
    last: Tid,
    room: Room,
}

impl Kept {
    fn new(after: Tid, room: Room, columns: usize) -> Self {
        Self {
            rows: Vec::new(),
            passed_before: Vec::new(),
            passed: Passed { rows: 0, current: vec![0; columns] },
            last: after,
            room,
        }
    }

    /// Takes what a chunk holds, as far as there is room.
    fn take(&mut self, judged: JudgedPage) -> Result<ControlFlow<()>> {
        let mut keep = vec![false; judged.page.len()];
        for (row, keep) in keep.iter_mut().enumerate() {
            if self.room.is_full() {
                break;
            }
            self.last = judged.page.next_tid(row, self.last)?;
            *keep = judged.is_unfinished(row);
            if *keep {
                self.room.take(judged.page.bytes(row));
                self.passed_before.push(self.passed.clone());
            } else {
                self.passed.rows += 1;
                for (current, judgement) in self.passed.current.iter_mut().zip(judged.row(row)) {
                    let is_current = |(_, value): &(_, &Judgement)| **value == Judgement::Current;
                    *current += judgement.values().filter(is_current).count() as u64;
                }
            }
        }
        self.rows.extend(judged.page.into_rows(&keep));
        Ok(if self.room.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}
