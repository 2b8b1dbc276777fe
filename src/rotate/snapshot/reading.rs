//! Reads, in the snapshot's transaction, every row that may have been written behind the walk, and keeps those
//! that need something done, within bounds.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio_postgres::types::Type;

use super::{Seen, listed};
use crate::db::row_key::Tid;
use crate::db::session::SessionStamp;
use crate::db::transaction::Transaction;
use crate::error::Result;
use crate::plan::TablePlan;
use crate::rotate::fetch::Limits;
use crate::rotate::page::Fields;
use crate::rotate::sift::{Room, sift};
use crate::rotate::statements;

/// What is read and kept.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'s> {
    /// Rows written at or after it are read (an xid8).
    pub barrier: &'s str,
    pub limits: Limits,
    /// What is kept at once.
    pub room: Room,
    /// Failures that this pass of a run has listed already are not kept.
    pub listed_by: Option<(i64, i32)>,
}

/// A snapshot that is being read.
pub(super) struct Reading<'r> {
    pub transaction: &'r Transaction<'r>,
    pub session: SessionStamp,
    pub scope: Scope<'r>,
    /// What is left of the scope's.
    pub room: Room,
}

impl Reading<'_> {
    /// Reads all of a table, and adds what it finds.
    pub async fn read(&mut self, table: &Arc<TablePlan>, seen: &mut Seen) -> Result<()> {
        seen.unfinished.push((Arc::clone(table), Vec::new()));
        let mut after = Some(Tid::start_of(0));
        while let Some(from) = after {
            after = self.read_after(from, table, seen).await?;
            if after.is_some() {
                self.forget_listed(seen).await?;
                // less than half of it would be full again too soon: a walk lists what is new, page by page
                seen.has_more |= !self.has_room();
            }
        }
        Ok(())
    }

    /// Where to read on, if the room was full before the table's end.
    async fn read_after(
        &mut self,
        from: Tid,
        table: &Arc<TablePlan>,
        seen: &mut Seen,
    ) -> Result<Option<Tid>> {
        let longest = self.scope.limits.value_bytes();
        let statement = statements::fetch_since(table);
        let parameters = [
            (&longest as _, Type::INT4),
            (&self.scope.barrier as _, Type::TEXT),
            (&from as _, Type::TID),
        ];
        let stream = self.transaction.stream(&statement, &parameters).await?;
        let (mut last, mut is_cut) = (from, false);
        let (room, may_forget) = (&mut self.room, self.scope.listed_by.is_some());
        sift(stream, self.session, table, |judged| {
            let mut keep = vec![false; judged.page.len()];
            for (row, keep) in keep.iter_mut().enumerate() {
                let is_unfinished = judged.is_unfinished(row);
                if is_unfinished && room.is_full() && may_forget && !seen.has_more {
                    is_cut = true;
                    break;
                }
                last = judged.page.next_tid(row, last)?;
                seen.count_row(&judged, row);
                *keep = is_unfinished && !room.is_full();
                seen.has_more |= is_unfinished && !*keep;
                if *keep {
                    room.take(judged.page.bytes(row));
                }
            }
            seen.keep(judged.page.into_rows(&keep));
            Ok(if is_cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .await?;
        Ok(is_cut.then_some(last))
    }

    /// Makes room: what the walk has listed need not be kept, nor done once more.
    pub async fn forget_listed(&mut self, seen: &mut Seen) -> Result<()> {
        let Some(pass) = self.scope.listed_by else { return Ok(()) };
        self.room = self.scope.room;
        for (table, rows) in &mut seen.unfinished {
            let all = std::mem::take(rows);
            let left = listed::left_out(self.transaction, self.session, table, all, pass).await?;
            seen.previous -= left.refused;
            seen.unknown -= left.unknown;
            *rows = left.rows;
            rows.iter().for_each(|row| self.room.take(Fields::of(table).bytes(row)));
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        let whole = self.scope.room;
        self.room.rows > whole.rows / 2 && self.room.bytes > whole.bytes / 2
    }
}
