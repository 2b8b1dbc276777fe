//! One read-only proof, with the current key alone: walk, wait, close, and nothing is written.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::types::Type;

use super::context::{Context, Stop};
use super::failures::FailedValues;
use super::fetch::{ascending, block_rows};
use super::judge::{self, Intent, JudgedPage, Judgement};
use super::page::SessionStamp;
use super::passes::{Extent, extents};
use super::size::PageSize;
use super::snapshot::{self, KeptMax, Moment, Seen, still_page};
use super::statements;
use super::writers;
use crate::db::ledger::close::Walked;
use crate::db::row_key::Tid;
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::db::transaction::Parameter;
use crate::error::{Error, Result};
use crate::plan::{Plan, TablePlan};
use crate::value::Reason;

/// What a table's values turned out to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub table: String,
    pub rows: u64,
    /// Values that open with the current key in their write layout.
    pub current: u64,
    /// Values that have the shape of a layout, but the current key does not open them.
    pub remaining: u64,
    /// Values that no key could open: malformed, too large, without their additional data.
    pub failed: u64,
    /// Of the two above, how many were accepted as they are.
    pub accepted: u64,
}

impl Verified {
    fn add(&mut self, page: &JudgedPage) {
        self.rows += page.page.len() as u64;
        self.current += page.count(|j| *j == Judgement::Current);
        self.remaining += page.count(needs_another_key);
        self.failed += page.count(|j| is_failed(j) && !needs_another_key(j));
    }

    /// Whether every value that the current key does not open was accepted as it is.
    fn is_clean(&self) -> bool {
        self.remaining + self.failed == self.accepted
    }
}

fn needs_another_key(judgement: &Judgement) -> bool {
    matches!(judgement, Judgement::Previous | Judgement::Failed(Reason::NoKeyOpensIt))
}

fn is_failed(judgement: &Judgement) -> bool {
    matches!(judgement, Judgement::Failed(_))
}

/// The verdict.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub tables: Vec<Verified>,
    pub moment: Moment,
    /// Standbys that have not replayed the moment.
    pub standbys_behind: Vec<String>,
    /// Values written since the walk began that the current key does not open.
    pub found_in_close: u64,
    pub walks: u32,
}

impl Verdict {
    pub fn is_good(&self) -> bool {
        self.found_in_close == 0 && self.tables.iter().all(Verified::is_clean)
    }
}

/// Proves, or says what stands against it.
///
/// # Errors
/// Exit 5 when transactions stay open, when tables keep changing under the walk, or the database
/// fails; exit 4 when interrupted.
pub async fn verify(session: &mut Session, context: &Context) -> Result<Verdict> {
    for walks in 1..=context.config.run.max_passes {
        let plan = context.resolve(session).await?;
        let stamp = context.stamp();
        let (barrier, extents) = barrier(session, &plan).await?;
        let mut tables = Vec::with_capacity(plan.tables().len());
        for table in plan.tables() {
            let extent = extents.iter().find(|extent| extent.relation == table.oid);
            let blocks = extent.map_or(0, |extent| extent.blocks);
            tables.push(walk(session, stamp, context, table, blocks).await?);
        }
        let relations = plan.relations();
        let (max_wait, stop) = (context.config.run.max_wait, &context.stop);
        writers::wait(session, &relations, max_wait, stop, None).await?;
        let seen = close(session, stamp, context, &plan, &barrier).await?;
        if seen.relations == walked(&plan, &extents) {
            let standbys_behind = standbys(session, &seen.moment.lsn).await?;
            let moment = seen.moment.clone();
            let found_in_close = newly_found(session, stamp, &plan, seen).await?;
            return Ok(Verdict { tables, moment, standbys_behind, found_in_close, walks });
        }
    }
    Err(Error::outside("tables, partitions or their files keep changing under the walk")
        .hint("verify again when no DDL or VACUUM FULL is going on"))
}

/// The barrier, then the extents: what was committed before the barrier lies within them.
async fn barrier(session: &mut Session, plan: &Plan) -> Result<(String, Vec<Extent>)> {
    let transaction = session.begin(&Terms::reading()).await?;
    let barrier: String = transaction.query_one(sql::PROOF_MOMENT, &[]).await?.get("barrier");
    let extents = extents(&transaction, plan).await?;
    transaction.commit().await?;
    Ok((barrier, extents))
}

async fn walk(
    session: &mut Session,
    stamp: SessionStamp,
    context: &Context,
    table: &Arc<TablePlan>,
    blocks: u32,
) -> Result<Verified> {
    let mut verified = Verified { table: table.relation.plain(), ..Verified::default() };
    let mut size = PageSize::new(context.config.run.page_rows_max, context.budget());
    let (mut after, until) = (Tid::start_of(0), Tid::start_of(blocks));
    while after < until {
        if context.stop.is_wanted() {
            return Err(Stop::interrupted());
        }
        let asked = size.blocks();
        let before = Tid::start_of(after.block.saturating_add(asked)).min(until);
        let rows = block_rows(session, table, after, before, context.limits()).await?;
        size.read_blocks(asked, rows.len());
        // nothing is written: nothing but the bound keeps a page from growing
        size.committed(Duration::ZERO);
        let last = ascending(&rows, after)?;
        let page = still_page(rows, table, stamp);
        let is_cut = page.bytes() >= context.config.run.page_bytes_max;
        let judged = judge::judge(page, Arc::clone(table), Intent::Read).await?;
        verified.add(&judged);
        verified.accepted += accepted(session, table, &judged).await?;
        context.progress.read(judged.page.len() * table.columns.len());
        after = last.filter(|_| is_cut).unwrap_or(before);
    }
    Ok(verified)
}

async fn close(
    session: &mut Session,
    stamp: SessionStamp,
    context: &Context,
    plan: &Plan,
    barrier: &str,
) -> Result<Seen> {
    let limits = context.limits();
    let kept = KeptMax { rows: usize::MAX, bytes: limits.page_bytes_max };
    snapshot::look(session, stamp, &context.config, plan, barrier, limits, kept).await
}

fn walked(plan: &Plan, extents: &[Extent]) -> Vec<Walked> {
    let walked = |table: &Arc<TablePlan>| Walked {
        relation: table.oid,
        relfilenode: extents
            .iter()
            .find(|extent| extent.relation == table.oid)
            .map_or(0, |extent| extent.relfilenode),
        table_name: table.relation.plain(),
    };
    let mut walked: Vec<Walked> = plan.tables().iter().map(walked).collect();
    walked.sort();
    walked
}

/// Values of the closing look that the current key does not open and nobody accepted. Those whose rows
/// were too many to be kept count as not accepted.
async fn newly_found(
    session: &mut Session,
    stamp: SessionStamp,
    plan: &Plan,
    seen: Seen,
) -> Result<u64> {
    debug_assert!(seen.unfinished.len() == plan.tables().len(), "every table was looked at");
    let mut found = seen.previous + seen.failed;
    for (table, rows) in seen.unfinished {
        let page = still_page(rows, &table, stamp);
        let judged = judge::judge(page, Arc::clone(&table), Intent::Read).await?;
        found = found.saturating_sub(accepted(session, &table, &judged).await?);
    }
    Ok(found)
}

/// How many unreadable values of a page were accepted as they are.
async fn accepted(session: &mut Session, table: &TablePlan, judged: &JudgedPage) -> Result<u64> {
    let mut failed = FailedValues::default();
    for row in 0..judged.page.len() {
        for (column, judgement) in judged.row(row).iter().enumerate() {
            if let Judgement::Failed(reason) = judgement {
                failed.push(table, &judged.page, (row, column), *reason, None);
            }
        }
    }
    if failed.rows.is_empty() || crate::db::ledger::setup::version(session).await?.is_none() {
        return Ok(0);
    }
    let name = table.relation.plain();
    let keys = failed.keys(table, &judged.page);
    let mut parameters: Vec<Parameter<'_>> = vec![
        (&name, Type::TEXT),
        (&failed.columns, Type::TEXT_ARRAY),
        (&failed.digests, Type::BYTEA_ARRAY),
    ];
    parameters.extend(keys.iter().map(|(key, kind)| (key as _, kind.clone())));
    let transaction = session.begin(&Terms::reading()).await?;
    let row = transaction.query_one(&statements::count_accepted(table), &parameters).await?;
    transaction.commit().await?;
    Ok(row.get::<_, i64>("accepted").unsigned_abs())
}

/// Standbys that have not replayed this moment, as far as the role may see them.
pub async fn standbys(session: &mut Session, lsn: &str) -> Result<Vec<String>> {
    let transaction = session.begin(&Terms::reading()).await?;
    let rows = transaction.query(sql::PROOF_STANDBYS, &[(&lsn, Type::TEXT)]).await?;
    transaction.commit().await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
