//! What a closing look found: its failures are listed, and its old values resealed.

use std::sync::Arc;
use std::time::Instant;

use tokio_postgres::Row;

use crate::db::ledger::shard::Claim;
use crate::db::row_key::Tid;
use crate::db::session::Session;
use crate::error::Result;
use crate::plan::TablePlan;
use crate::rotate::commit::Writer;
use crate::rotate::context::Context;
use crate::rotate::cursor::Cursor;
use crate::rotate::ending;
use crate::rotate::hold::Hold;
use crate::rotate::judge::{self, Intent};
use crate::rotate::narrow::{self, CommitError};
use crate::rotate::settle::{self, Contended, Fate};
use crate::rotate::sift::still_page;
use crate::rotate::snapshot::Seen;
use crate::rotate::statements::Order;
use crate::rotate::writers::Kept;

/// Rows that were found and not written: the barrier does not move past them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Left {
    /// Others hold them.
    pub held: u64,
    /// A key service took longer than they may be locked.
    pub slow: u64,
    /// Nothing was found at their places; the next look sees whether they are still there.
    pub missing: u64,
}

impl Left {
    /// Rows that are there, and were let go.
    pub fn waiting(self) -> u64 {
        self.held + self.slow
    }
}

/// Lists the failures found, and reseals the old values unless this was the last look.
pub(super) async fn reseal_found(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    seen: Seen,
    is_last: bool,
) -> Result<Left, CommitError> {
    let (mut cursor, mut left) = (Cursor::resume(claim), Left::default());
    for (table, rows) in seen.unfinished {
        if !rows.is_empty() {
            let more;
            (cursor, more) =
                reseal_rows(session, context, claim, table, rows, cursor, is_last).await?;
            left.held += more.held;
            left.slow += more.slow;
            left.missing += more.missing;
        }
    }
    Ok(left)
}

async fn reseal_rows(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    table: Arc<TablePlan>,
    rows: Vec<Row>,
    cursor: Cursor,
    is_last: bool,
) -> Result<(Cursor, Left), CommitError> {
    let page = still_page(rows, &table, session.stamp());
    let intent = if is_last { Intent::Read } else { Intent::Prove };
    let (page, seals) = judge::seals(page, &table).await?;
    if intent.reseals() {
        context.seals.grant(session, table.ring.as_deref(), seals).await?;
    }
    let tids: Vec<Tid> = (0..page.len()).map(|row| page.tid(row)).collect::<Result<_>>()?;
    let kept = Kept { claim, lease: context.config.run.lease };
    let judging = judge::judge(page, Arc::clone(&table), intent);
    let judged = kept.during(&context.database, judging).await?;
    let resealed: Vec<u64> = tids.iter().enumerate().map(|(row, _)| judged.resealed(row)).collect();
    let terms = context.write_terms(session);
    let writer = Writer::new(table, claim.clone(), Order::Physical, terms);
    let share = context.records.share(&judged)?;
    Hold { context, claim }.before_page(session, judged.writes()).await?;
    let begun = Instant::now();
    let done = narrow::commit_page(session, context, &writer, cursor, judged, share.rows).await?;
    context.progress.committed(&writer.table, &done, begun.elapsed());
    context.wrote(done.tally.resealed(), share);
    ending::check_failures(session, context, claim, &done.tally).await?;
    context.records.go_on(share)?;
    let (mut cursor, mut left) = (done.cursor, Left::default());
    for row in done.conflicts {
        let row = Contended {
            tid: tids[row],
            seals: resealed[row].max(writer.table.columns.len() as u64),
        };
        context.seals.grant(session, writer.table.ring.as_deref(), row.seals).await?;
        let share = context.records.share_of_row(row.seals)?;
        let settled = settle::settle(session, context, &writer, cursor, row).await?;
        cursor = settled.cursor;
        left.held += u64::from(settled.fate == Fate::Held);
        left.slow += u64::from(settled.fate == Fate::Slow);
        left.missing += u64::from(settled.fate == Fate::Missing);
        context.progress.add(&writer.table, &settled.tally);
        context.wrote(settled.tally.resealed(), share);
    }
    Ok((cursor, left))
}
