//! Closes a proof: wait for writers, read in one snapshot what the walk may have missed, reseal what
//! is old there, and again, until nothing is; then the run ends.
//!
//! Why this is sound: a row version that the closing snapshot sees was written either below the
//! barrier, then it was committed before the walk began and the walk has seen it, or at or above it,
//! then this file reads it. Transactions that were open at the end of the walk are waited for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_postgres::Row;

use super::commit::Writer;
use super::context::Context;
use super::cursor::Cursor;
use super::ending;
use super::judge::{self, Intent};
use super::narrow::{self, CommitError};
use super::page::SessionStamp;
use super::settle;
use super::snapshot::{self, KeptMax, Seen};
use super::statements::Order;
use super::writers::{self, Kept};
use crate::db::ledger;
use crate::db::ledger::close::FinalCounts;
use crate::db::ledger::run::Ending;
use crate::db::ledger::shard::Claim;
use crate::db::session::{Session, Terms};
use crate::error::{Error, ExitCode, Result};
use crate::plan::{Plan, TablePlan};

/// Pauses between rounds that found old values: their writers may be about to stop.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Carries out a claimed close.
pub async fn close(
    session: &mut Session,
    stamp: SessionStamp,
    context: &Context,
    claim: Claim,
) -> Result<(), CommitError> {
    let plan = context.plan_of(claim.id.pass, session).await?;
    let Some(mut barrier) = claim.barrier.clone() else {
        return Err(Error::bug("a close has no barrier").at("reseal.checkpoint").into());
    };
    let mut pause = FIRST_PAUSE;
    loop {
        let waited = wait_for_writers(session, context, &plan, &claim).await?;
        let (config, limits) = (&context.config, context.limits());
        let kept =
            KeptMax { rows: config.run.page_rows_max as usize, bytes: limits.page_bytes_max };
        let seen = snapshot::look(session, stamp, config, &plan, &barrier, limits, kept).await?;
        crate::failpoint!("close-looked");
        if !same_relations(session, context, &claim, &seen).await? {
            return walk_again(session, context, &claim).await;
        }
        let round = next_round(session, context, &claim, &seen, &barrier).await?;
        let passes = claim.id.pass.unsigned_abs() + round - 1;
        let is_last = seen.previous == 0 || passes >= context.config.run.max_passes;
        let proof = proof(&seen, &barrier, waited, round);
        let (previous, has_more) = (seen.previous, seen.has_more);
        if previous == 0 && has_more {
            return Err(too_many_failures(&seen).into());
        }
        let next_barrier = seen.moment.barrier.clone();
        reseal_found(session, stamp, context, &claim, seen, is_last).await?;
        if is_last {
            return end(session, context, &claim, &plan, previous, proof).await;
        }
        if !has_more {
            barrier = next_barrier;
        }
        context.stop.sleep(pause).await?;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn wait_for_writers(
    session: &mut Session,
    context: &Context,
    plan: &Plan,
    claim: &Claim,
) -> Result<Duration> {
    let relations: Vec<u32> = plan.tables().iter().map(|table| table.oid).collect();
    let (max_wait, stop) = (context.config.run.max_wait, &context.stop);
    let kept = Kept { claim, lease: context.config.run.lease };
    writers::wait(session, &relations, max_wait, stop, Some(kept)).await
}

/// Whether what was walked is what the configuration means at the snapshot's moment.
async fn same_relations(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    seen: &Seen,
) -> Result<bool> {
    let transaction = session.begin(&Terms::reading()).await?;
    let mut walked = ledger::close::walked(&transaction, context.run_id, claim.id.pass).await?;
    transaction.commit().await?;
    walked.sort();
    let mut now = seen.relations.clone();
    now.dedup();
    Ok(walked == now)
}

/// Tables or partitions changed under the walk: this proof is void, another pass follows.
async fn walk_again(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
) -> Result<(), CommitError> {
    let passes = claim.id.pass.unsigned_abs();
    if passes >= context.config.run.max_passes {
        let what = "tables, partitions or their files keep changing under the walk";
        return Err(Error::outside(what)
            .hint("run again when no DDL or VACUUM FULL is going on")
            .into());
    }
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

/// Lists the failures found, and reseals the old values unless this was the last look.
async fn reseal_found(
    session: &mut Session,
    stamp: SessionStamp,
    context: &Context,
    claim: &Claim,
    seen: Seen,
    is_last: bool,
) -> Result<(), CommitError> {
    let mut cursor = Cursor::resume(claim);
    for (table, rows) in seen.unfinished {
        if !rows.is_empty() {
            cursor =
                reseal_rows(session, stamp, context, claim, table, rows, cursor, is_last).await?;
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "each is a different thing, used once")]
async fn reseal_rows(
    session: &mut Session,
    stamp: SessionStamp,
    context: &Context,
    claim: &Claim,
    table: Arc<TablePlan>,
    rows: Vec<Row>,
    cursor: Cursor,
    is_last: bool,
) -> Result<Cursor, CommitError> {
    let page = snapshot::still_page(rows, &table, stamp);
    let intent = if is_last { Intent::Read } else { Intent::Reseal };
    let values = (page.len() * table.columns.len()) as u64;
    if intent == Intent::Reseal {
        context.seals.grant(session, &table.ring, values).await?;
    }
    let keys: Vec<_> = (0..page.len()).map(|row| page.row_key(row)).collect();
    let judged = judge::judge(page, Arc::clone(&table), intent).await?;
    let terms = context.write_terms(session);
    let writer = Writer::new(table, claim.clone(), Order::Physical, terms, stamp);
    let done = narrow::commit_page(session, &writer, cursor, judged).await?;
    context.progress.add(&done.tally);
    ending::check_failures(session, context, claim, &done.tally).await?;
    let mut cursor = done.cursor;
    for row in done.conflicts {
        context.seals.grant(session, &writer.table.ring, writer.table.columns.len() as u64).await?;
        let settled =
            settle::settle(session, &writer, cursor, &keys[row], context.limits()).await?;
        cursor = settled.cursor;
        context.progress.add(&settled.tally);
    }
    Ok(cursor)
}

/// More failures than are kept in memory turned up while the walk went on.
fn too_many_failures(seen: &Seen) -> Error {
    let what = format!("{} values written during the walk cannot be opened", seen.failed);
    Error::new(ExitCode::Unfinished, what)
        .hint("a service writes values that none of these keys opens: find it, then run again")
}

/// What the ledger keeps of the proof.
fn proof(seen: &Seen, barrier: &str, waited: Duration, round: u32) -> Value {
    let moment = &seen.moment;
    let relations: Vec<Value> = seen
        .relations
        .iter()
        .map(|r| json!({"table": r.table_name, "relation": r.relation, "file": r.relfilenode}))
        .collect();
    json!({
        "moment": moment.time,
        "lsn": moment.lsn,
        "timeline": moment.timeline,
        "barrier": barrier,
        "rounds": round,
        "waited_ms": u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        "rows_in_close": seen.rows,
        "relations": relations,
    })
}

/// Ends the run. This commit is durable, which makes all before it so.
async fn end(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    plan: &Plan,
    remaining: u64,
    proof: Value,
) -> Result<(), CommitError> {
    let transaction = session.begin(&Terms::durable()).await?;
    let failures = ending::settle_failures(&transaction, claim, plan).await?;
    let counts = FinalCounts { remaining, failed: failures.failed, accepted: failures.accepted };
    if !ledger::close::done(&transaction, claim, counts).await? {
        return Err(CommitError::NotOurs);
    }
    let ending = if remaining > 0 {
        Ending {
            state: "incomplete",
            exit_code: ExitCode::Unfinished,
            reason: Some(format!(
                "{remaining} values turned up under a previous key again: a service still writes with it"
            )),
            proof: None,
        }
    } else if failures.failed > failures.accepted {
        let state = "completed_with_failures";
        Ending { state, exit_code: ExitCode::Unfinished, reason: None, proof: Some(proof) }
    } else {
        Ending { state: "completed", exit_code: ExitCode::Done, reason: None, proof: Some(proof) }
    };
    ending::end(&transaction, context.run_id, &ending).await?;
    crate::failpoint!("before-end");
    transaction.commit().await?;
    Ok(())
}
