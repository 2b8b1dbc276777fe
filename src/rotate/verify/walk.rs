//! The walk of a read-only proof: ranges of blocks, read by every worker.
//!
//! The ranges stand in no ledger: a walk that is interrupted begins again.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use super::Verified;
use super::accepted::accepted;
use crate::db::row_key::Tid;
use crate::db::session::Session;
use crate::error::{Error, Result};
use crate::plan::{Plan, TablePlan};
use crate::rotate::context::Context;
use crate::rotate::cursor::Position;
use crate::rotate::judge::{self, Intent};
use crate::rotate::passes::{Extent, block_ranges};
use crate::rotate::size::PageSize;
use crate::rotate::sweep::sweep;

/// What is to be read of one table.
struct Share {
    /// The table's place in the plan.
    place: usize,
    table: Arc<TablePlan>,
    range: Range<Tid>,
}

/// The shares of a walk; each is taken once.
struct Shares {
    all: Vec<Share>,
    taken: AtomicUsize,
}

impl Shares {
    fn of(plan: &Plan, extents: &[Extent]) -> Result<Self> {
        let mut all = Vec::new();
        for (place, table) in plan.tables().iter().enumerate() {
            let blocks = Extent::of(table, extents).map_or(0, |extent| extent.blocks);
            for (after, until) in block_ranges(blocks) {
                let range = Position(after).tid()?..Position(until).tid()?;
                all.push(Share { place, table: Arc::clone(table), range });
            }
        }
        Ok(Self { all, taken: AtomicUsize::new(0) })
    }

    fn take(&self) -> Option<&Share> {
        self.all.get(self.taken.fetch_add(1, Ordering::Relaxed))
    }
}

/// Opens every value within the extents: what each table's turned out to be, in the plan's order.
///
/// # Errors
/// Exit 5 when the database fails; exit 4 when interrupted.
pub async fn walk(
    session: &mut Session,
    context: &Arc<Context>,
    plan: &Plan,
    extents: &[Extent],
) -> Result<Vec<Verified>> {
    let shares = Arc::new(Shares::of(plan, extents)?);
    let mut verified: Vec<Verified> =
        plan.tables().iter().map(|table| Verified::none_of(table)).collect();
    let mut others = JoinSet::new();
    let workers = context.config.run.workers.min(shares.all.len());
    for _ in 1..workers {
        let mut other = context.database.session().await?;
        if !other.is_same_server(session) {
            return Err(Error::outside("two connections reached two different servers")
                .hint("name one server in the connection, the primary"));
        }
        let (context, shares) = (Arc::clone(context), Arc::clone(&shares));
        others.spawn(async move { work(&mut other, &context, &shares).await });
    }
    let mut found = work(session, context, &shares).await?;
    while let Some(ended) = others.join_next().await {
        found.extend(ended.unwrap_or_else(|_| Err(Error::bug("a worker panicked")))?);
    }
    for (place, of_share) in found {
        verified[place] += of_share;
    }
    Ok(verified)
}

/// Reads shares until none is left.
async fn work(
    session: &mut Session,
    context: &Context,
    shares: &Shares,
) -> Result<Vec<(usize, Verified)>> {
    let mut size = PageSize::of_reader(context.config.run.page_rows_max);
    let mut found = Vec::new();
    while let Some(share) = shares.take() {
        found.push((share.place, read(session, context, share, &mut size).await?));
    }
    Ok(found)
}

async fn read(
    session: &mut Session,
    context: &Context,
    share: &Share,
    size: &mut PageSize,
) -> Result<Verified> {
    let (table, mut range) = (&share.table, share.range.clone());
    let mut verified = Verified::default();
    while range.start < range.end {
        context.hold_reader(session).await?;
        let begun = Instant::now();
        let page = sweep(session, table, range.clone(), size, context.limits()).await?;
        range.start = page.end.tid()?;
        let judged = judge::judge(page, Arc::clone(table), Intent::Read).await?;
        context.progress.read(table, &judged, begun.elapsed());
        verified.add(&judged);
        verified.accepted += accepted(session, table, &judged).await?;
    }
    Ok(verified)
}
