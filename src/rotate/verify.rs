//! One read-only proof, with the current key alone: walk, wait, close, and nothing is written.

mod accepted;
mod walk;

use std::sync::Arc;

use serde_json::Value;
use tokio_postgres::types::Type;

use super::context::Context;
use super::judge::{JudgedPage, Judgement};
use super::narrow::CommitError;
use super::passes::{Extent, extents};
use super::shown;
use super::sift::Room;
use super::snapshot::{self, Moment, Scope, Seen};
use super::writers;
use crate::db::ledger::close::Walked;
use crate::db::session::{Session, Terms};
use crate::db::sql;
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
    fn none_of(table: &TablePlan) -> Self {
        Self { table: table.relation.plain(), ..Self::default() }
    }

    /// Adds a page of a sweep: the rows it kept, and those that passed.
    fn add(&mut self, page: &JudgedPage) {
        let passed = page.page.passed(&(0..page.page.len()));
        let current: u64 = passed.current.iter().sum();
        self.rows += page.page.len() as u64 + passed.rows;
        self.current += page.count(|j| *j == Judgement::Current) + current;
        self.remaining += page.count(needs_another_key);
        self.failed += page.count(|j| is_failed(j) && !needs_another_key(j));
    }

    /// Whether every value that the current key does not open was accepted as it is.
    fn is_clean(&self) -> bool {
        self.remaining + self.failed == self.accepted
    }
}

impl std::ops::AddAssign for Verified {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.current += other.current;
        self.remaining += other.remaining;
        self.failed += other.failed;
        self.accepted += other.accepted;
    }
}

pub(super) fn needs_another_key(judgement: &Judgement) -> bool {
    matches!(judgement, Judgement::Previous | Judgement::Failed(Reason::NoKeyOpensIt))
}

pub(super) fn is_failed(judgement: &Judgement) -> bool {
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
    /// What was shown of the values that key services seal, a line a column.
    pub key_services: Vec<Value>,
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
pub async fn verify(session: &mut Session, context: &Arc<Context>) -> Result<Verdict> {
    for walks in 1..=context.config.run.max_passes {
        let plan = context.resolve(session).await?;
        let (barrier, extents) = barrier(session, &plan).await?;
        let tables = walk::walk(session, context, &plan, &extents).await?;
        let relations = plan.relations();
        let (max_wait, stop) = (context.config.run.max_wait, &context.stop);
        writers::wait(session, &relations, max_wait, stop, None).await.map_err(unkept)?;
        let seen = close(session, context, &plan, &barrier).await?;
        if seen.relations == walked(&plan, &extents) {
            let standbys_behind = standbys(session, &seen.moment.lsn).await?;
            let moment = seen.moment.clone();
            let found_in_close = accepted::newly_found(session, &plan, seen).await?;
            let key_services = shown::of(&plan);
            return Ok(Verdict {
                tables,
                moment,
                standbys_behind,
                found_in_close,
                walks,
                key_services,
            });
        }
    }
    Err(Error::outside("tables, partitions or their files keep changing under the walk")
        .hint("verify again when no DDL or VACUUM FULL is going on"))
}

/// There is no shard that could be taken over.
fn unkept(error: CommitError) -> Error {
    match error {
        CommitError::Error(error) => error,
        CommitError::NotOurs => Error::bug("a proof that holds no shard lost one"),
    }
}

/// The barrier, then the extents: what was committed before the barrier lies within them.
async fn barrier(session: &mut Session, plan: &Plan) -> Result<(String, Vec<Extent>)> {
    let transaction = session.begin(&Terms::reading()).await?;
    let barrier: String = transaction.query_one(sql::PROOF_MOMENT, &[]).await?.get("barrier");
    let extents = extents(&transaction, plan).await?;
    transaction.commit().await?;
    Ok((barrier, extents))
}

async fn close(
    session: &mut Session,
    context: &Context,
    plan: &Plan,
    barrier: &str,
) -> Result<Seen> {
    let limits = context.limits();
    let room = Room { rows: usize::MAX, bytes: limits.page_bytes_max };
    let scope = Scope { barrier, limits, room, listed_by: None };
    let looking = snapshot::look(session, &context.config, plan, scope);
    context.stop.unless_wanted(looking).await?
}

fn walked(plan: &Plan, extents: &[Extent]) -> Vec<Walked> {
    let walked = |table: &Arc<TablePlan>| Walked {
        relation: table.oid,
        relfilenode: Extent::of(table, extents).map_or(0, |extent| extent.relfilenode),
        table_name: table.relation.plain(),
    };
    let mut walked: Vec<Walked> = plan.tables().iter().map(walked).collect();
    walked.sort();
    walked
}

/// Standbys that have not replayed this moment, as far as the role may see them.
pub async fn standbys(session: &mut Session, lsn: &str) -> Result<Vec<String>> {
    let transaction = session.begin(&Terms::reading()).await?;
    let rows = transaction.query(sql::PROOF_STANDBYS, &[(&lsn, Type::TEXT)]).await?;
    transaction.commit().await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
