//! Closes a proof: wait for writers, read in one snapshot what the walk may have missed, reseal what
//! is old there, and again, until nothing is; then the run ends.
//!
//! Why this is sound: a row version that the closing snapshot sees was written either below the
//! barrier, then it was committed before the walk began and the walk has seen it, or at or above it,
//! then this file reads it. Transactions that were open at the end of the walk are waited for. A row
//! that others held locked was left as it was, below the barrier: after a walk that left any the close
//! reads every row, and the barrier does not move past one that is still held.

mod found;
mod outcome;

use std::time::{Duration, Instant};

use self::found::{Left, reseal_found};
use super::context::Context;
use super::narrow::CommitError;
use super::sift::Room;
use super::snapshot::{self, Scope, Seen};
use super::writers::{self, Kept};
use crate::db::ledger;
use crate::db::ledger::close::FinalCounts;
use crate::db::ledger::shard::Claim;
use crate::db::session::{Session, Terms};
use crate::error::{Error, ExitCode, Result};
use crate::plan::Plan;

/// Pauses between rounds that found old values: their writers may be about to stop.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Rows that are kept where key services must be asked about them: all that an application writes in hours, as
/// a rule.
const ASKED_ROWS_MAX: usize = 100_000;

/// A barrier below every row (FrozenTransactionId): the look reads all of them.
const EVERY_ROW: &str = "2";

/// Carries out a claimed close.
pub async fn close(
    session: &mut Session,
    context: &Context,
    claim: Claim,
) -> Result<(), CommitError> {
    let plan = context.plan_of(claim.id.pass, session).await?;
    let mut barrier = first_barrier(session, &claim).await?;
    let begun = Instant::now();
    let (mut pause, mut turned_up) = (FIRST_PAUSE, 0);
    loop {
        let waited = wait_for_writers(session, context, &plan, &claim).await?;
        let seen = look(session, context, &claim, &plan, &barrier).await?;
        crate::failpoint!("close-looked");
        if !same_relations(session, context, &claim, &plan, &seen).await? {
            return walk_again(session, context, &claim).await;
        }
        let round = next_round(session, context, &claim, &seen, &barrier).await?;
        let passes = claim.id.pass.unsigned_abs() + turned_up;
        // what the walk left because others held it has not turned up again: it is still to be done
        let left_by_the_walk = barrier == EVERY_ROW && turned_up == 0;
        let has_more_passes = passes < context.config.run.max_passes || left_by_the_walk;
        let is_last = (seen.previous == 0 && !seen.has_more) || !has_more_passes;
        let proof = outcome::proof(&seen, &plan, &barrier, waited, round);
        let (previous, has_more) = (seen.previous, seen.has_more);
        if previous == 0 && has_more {
            // those that were not kept may be new: a walk lists them, page by page
            return match claim.id.pass.unsigned_abs() < context.config.run.max_passes {
                true => give_way_to_next_pass(session, &claim).await,
                false => Err(too_many_failures().into()),
            };
        }
        let next_barrier = seen.moment.barrier.clone();
        let left = reseal_found(session, context, &claim, seen, is_last).await?;
        if is_last {
            return outcome::end(session, context, &claim, &plan, previous, proof).await;
        }
        if left.waiting() > 0 && begun.elapsed() >= context.config.run.max_wait {
            return Err(still_waiting(session, context, &plan, left).await?.into());
        }
        if has_more {
            // more than a close reseals: another walk does, page by page and with every worker
            return give_way_to_next_pass(session, &claim).await;
        }
        turned_up += u32::from(left.waiting() == 0);
        if left.waiting() == 0 && left.missing == 0 {
            barrier = next_barrier;
        }
        context.stop.sleep(pause).await?;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// The barrier of the walk; below every row when the walk left some that others held.
async fn first_barrier(session: &mut Session, claim: &Claim) -> Result<String> {
    let Some(barrier) = claim.barrier.clone() else {
        return Err(Error::bug("a close has no barrier").at("reseal.checkpoint"));
    };
    let transaction = session.begin(&Terms::reading()).await?;
    let (run_id, pass) = (claim.id.run_id, claim.id.pass);
    let conflicts = ledger::close::walk_conflicts(&transaction, run_id, pass).await?;
    transaction.commit().await?;
    Ok(if conflicts > 0 { EVERY_ROW.to_owned() } else { barrier })
}

/// The closing look, however long it takes: the lease is renewed meanwhile.
async fn look(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    plan: &Plan,
    barrier: &str,
) -> Result<Seen, CommitError> {
    let (config, limits) = (&context.config, context.limits());
    let rows = match plan.asks_services() {
        true => ASKED_ROWS_MAX,
        false => config.run.page_rows_max as usize,
    };
    let room = Room { rows, bytes: limits.page_bytes_max };
    let listed_by = Some((claim.id.run_id, claim.id.pass));
    let looking = snapshot::look(session, config, plan, Scope { barrier, limits, room, listed_by });
    let kept = Kept { claim, lease: config.run.lease };
    context.stop.unless_wanted(kept.during(&context.database, looking)).await?
}

async fn wait_for_writers(
    session: &mut Session,
    context: &Context,
    plan: &Plan,
    claim: &Claim,
) -> Result<Duration, CommitError> {
    let relations = plan.relations();
    let (max_wait, stop) = (context.config.run.max_wait, &context.stop);
    let kept = Kept { claim, lease: context.config.run.lease };
    writers::wait(session, &relations, max_wait, stop, Some(kept)).await
}

/// Whether what was walked is what the configuration means at the snapshot's moment, and what our plan
/// looked at: another process may have walked, by a plan of another moment.
async fn same_relations(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    plan: &Plan,
    seen: &Seen,
) -> Result<bool> {
    let transaction = session.begin(&Terms::reading()).await?;
    let mut walked = ledger::close::walked(&transaction, context.run_id, claim.id.pass).await?;
    transaction.commit().await?;
    walked.sort();
    let mut looked_at = plan.relations();
    looked_at.sort_unstable();
    Ok(walked == seen.relations && walked.iter().map(|table| table.relation).eq(looked_at))
}

/// Tables or partitions changed under the walk: this proof is void, another pass follows.
async fn walk_again(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
) -> Result<(), CommitError> {
    give_way_to_next_pass(session, claim).await?;
    if claim.id.pass.unsigned_abs() < context.config.run.max_passes {
        return Ok(());
    }
    // the pass is over nevertheless, so that the next command walks once more
    let what = "tables, partitions or their files keep changing under the walk";
    let hint = "run again when no DDL or VACUUM FULL is going on";
    Err(Error::outside(what).hint(hint).given_up().into())
}

/// Ends this pass without a proof; whoever finds it done opens the next one.
async fn give_way_to_next_pass(session: &mut Session, claim: &Claim) -> Result<(), CommitError> {
    let transaction = session.begin(&Terms::ledger()).await?;
    let ours = ledger::close::done(&transaction, claim, FinalCounts::default()).await?;
    transaction.commit().await?;
    if ours { Ok(()) } else { Err(CommitError::NotOurs) }
}

async fn next_round(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    seen: &Seen,
    barrier: &str,
) -> Result<u32, CommitError> {
    let transaction = session.begin(&Terms::ledger()).await?;
    let lease = context.config.run.lease;
    let round = ledger::close::round(&transaction, claim, seen.previous, barrier, lease).await?;
    transaction.commit().await?;
    round.ok_or(CommitError::NotOurs)
}

/// More failures than are kept in memory turned up after every walk.
fn too_many_failures() -> Error {
    let what =
        "more values that cannot be opened than fit into memory were written behind each walk";
    Error::new(ExitCode::Unfinished, what)
        .hint("a service writes values that none of these keys opens: find it, then run again")
}

/// For the message: how many rows, and who may hold them, or that nobody does.
async fn still_waiting(
    session: &mut Session,
    context: &Context,
    plan: &Plan,
    Left { held, slow, .. }: Left,
) -> Result<Error> {
    let seconds = context.config.run.max_wait.as_secs_f64();
    if held == 0 {
        let what = format!("key services were too slow for {slow} contended rows for {seconds} s");
        let hint = "such a row is locked until they answer, for at most half of the server's \
                    deadlock_timeout: run again when they answer within that";
        return Ok(Error::outside(what).hint(hint).given_up());
    }
    let relations = plan.relations();
    let holders = writers::holders(session, &relations).await?;
    let what = format!("{held} rows stayed locked by other transactions for {seconds} s");
    Ok(Error::outside(what)
        .at(holders)
        .hint("commit, roll back or terminate them, or wait longer (--max-wait); then run again")
        .given_up())
}
