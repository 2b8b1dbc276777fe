//! A worker: claims shards and walks them, until the run has ended.
//!
//! It owns one session at a time. Whatever goes wrong with the session, its pages are dropped with it;
//! the position is read again from the ledger, so a COMMIT whose answer was lost needs no guess.

use std::sync::Arc;
use std::time::Duration;

use super::audited;
use super::close;
use super::context::{self, Context};
use super::ending;
use super::gone;
use super::narrow::CommitError;
use super::passes::{self, PassKind};
use super::size::PageSize;
use super::stop::STOP_GRACE;
use super::waits::{Wait, WaitReason};
use super::walk::walk;
use crate::db::ledger::shard::{self, Claim, Step};
use crate::db::ledger::standing::{self, Wish};
use crate::db::retry::Patience;
use crate::db::session::{Session, Terms};
use crate::error::{Error, ExitCode, Result};
use crate::telemetry::metrics::Retry;

/// How often a worker without a shard looks again.
const IDLE_PAUSE: Duration = Duration::from_millis(50);
/// … and of a run that rests.
const PAUSED_PAUSE: Duration = Duration::from_millis(500);
/// How long giving back what is held may take.
const RELEASE_MAX: Duration = Duration::from_millis(700);

/// Why a worker has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    RunEnded,
    /// Fewer workers are wanted than its number.
    Retired(usize),
}

/// What one step of a worker came to.
enum Stepped {
    Worked,
    Idle,
    /// The run rests; in people's words, by whom.
    Paused(String),
    Ended,
}

/// Works until the run has ended, or the worker is one too many.
///
/// # Errors
/// Exit 4 when the process was asked to stop, 6 when its budget is spent, 5 when the trouble outside outlasted the patience, 3 and
/// 1 when the run cannot go on (it has then ended).
pub async fn work(context: Arc<Context>, number: usize) -> Result<Left> {
    let mut patience = Patience::new(context.config.run.retry_for);
    let mut values = 0;
    loop {
        match with_session(&context, number, &mut patience).await {
            Ok(left) => return Ok(left),
            Err(error) if error.exit_code == ExitCode::Outside => {
                // what others get done counts: a server may have room for some of us only
                let before = std::mem::replace(&mut values, context.progress.counts().values);
                if values != before {
                    patience.progress_of_others();
                }
                let pause = patience.next_pause(error.clone())?;
                context.progress.retried(Retry::Session);
                let run = context.run_id;
                tracing::warn!(
                    target: "reseal", run, worker = number, place = error.place,
                    "{}; trying again", error.what
                );
                context.stop.sleep(pause).await?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Works with one session until it fails, the run has ended, or the worker is one too many.
async fn with_session(context: &Context, number: usize, patience: &mut Patience) -> Result<Left> {
    let mut session = context.database.session().await?;
    context.find_run(&mut session).await?;
    if patience.is_tried()
        && let Err(error) = context.check_plan(&mut session).await
    {
        leave(&mut session, context, number, &error).await;
        return Err(error);
    }
    let mut size = context.first_page();
    let mut paused = None;
    loop {
        if let Err(stopped) = context.stop.check() {
            give_back(&mut session, context, number).await;
            return Err(stopped);
        }
        if context.is_retired(number) {
            release(&mut session, context, number).await?;
            return Ok(Left::Retired(number));
        }
        let stepping = step(&mut session, context, number, &mut size, patience);
        let stepped = match context.stop.grant(STOP_GRACE, stepping).await {
            Ok(stepped) => stepped,
            Err(error) => {
                leave(&mut session, context, number, &error).await;
                return Err(error);
            }
        };
        // a stop that is asked for meanwhile is met at the head of the loop
        match stepped {
            Stepped::Worked => patience.progress(),
            Stepped::Idle => {
                crate::failpoint!("idle");
                drop(context.stop.sleep(IDLE_PAUSE).await);
            }
            Stepped::Paused(text) => {
                let wait = Wait { reason: WaitReason::Paused, text };
                paused.get_or_insert_with(|| context.progress.waits.begin(wait));
                drop(context.stop.sleep(PAUSED_PAUSE).await);
                continue;
            }
            Stepped::Ended => return Ok(Left::RunEnded),
        }
        paused = None;
    }
}

/// Gives back what is held, and ends the run when it cannot go on.
async fn leave(session: &mut Session, context: &Context, number: usize, error: &Error) {
    if !matches!(error.exit_code, ExitCode::Refused | ExitCode::Unfinished) {
        return give_back(session, context, number).await;
    }
    if let Err(second) = ending::fail(session, context.who(), context.run_id, error).await {
        let run = context.run_id;
        tracing::debug!(target: "reseal", run, worker = number, "leaving: {}", second.what);
    }
}

/// Gives back what is held. Best effort: a lost connection has nothing to give back, one that is still busy
/// with what was given up does not answer in time (another one may), and the lease runs out.
async fn give_back(session: &mut Session, context: &Context, number: usize) {
    let release_by_another = async {
        let mut session = context.database.session().await?;
        release(&mut session, context, number).await
    };
    let mut released = tokio::time::timeout(RELEASE_MAX, release(session, context, number)).await;
    if released.is_err() {
        released = tokio::time::timeout(RELEASE_MAX, release_by_another).await;
    }
    let what = match released {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.what,
        Err(_) => "the server did not answer in time".to_owned(),
    };
    tracing::debug!(target: "reseal", run = context.run_id, worker = number, "leaving: {what}");
}

async fn release(session: &mut Session, context: &Context, number: usize) -> Result<()> {
    let transaction = session.begin(&Terms::ledger()).await?;
    shard::release(&transaction, context.run_id, &context.owner(number)).await?;
    Ok(transaction.commit().await?)
}

async fn step(
    session: &mut Session,
    context: &Context,
    number: usize,
    size: &mut PageSize,
    patience: &mut Patience,
) -> Result<Stepped> {
    let claimed = claim(session, context, number).await?;
    let Some(claim) = claimed else { return without_shard(session, context).await };
    tracing::debug!(
        target: "reseal", worker = number, run = context.run_id, pass = claim.id.pass,
        table = claim.id.table_name, shard = claim.id.shard, step = claim.step.as_str(), "claimed"
    );
    let worked = match claim.step {
        Step::Close => close::close(session, context, claim.clone()).await,
        Step::Reseal | Step::ResealByBlock | Step::Walk => {
            walk(session, context, number, claim.clone(), size, patience).await
        }
    };
    match worked {
        Ok(()) | Err(CommitError::NotOurs) => {}
        Err(CommitError::Error(error)) => gone::pass_over(session, context, &claim, error).await?,
    }
    Ok(Stepped::Worked)
}

async fn claim(session: &mut Session, context: &Context, number: usize) -> Result<Option<Claim>> {
    let is_direct = session.is_direct();
    let transaction = session.begin(&Terms::ledger()).await?;
    let claim =
        shard::claim(&transaction, context.run_id, &context.owner(number), is_direct).await?;
    transaction.commit().await?;
    Ok(claim)
}

/// No shard is free: the run has ended, the next pass is due, or others are at work.
async fn without_shard(session: &mut Session, context: &Context) -> Result<Stepped> {
    let transaction = session.begin(&Terms::reading()).await?;
    let standing = standing::standing(&transaction, context.run_id).await?;
    transaction.commit().await?;
    let standing = standing.ok_or_else(|| context::gone(context.run_id))?;
    context.hear(&standing);
    if standing.has_ended() {
        return Ok(Stepped::Ended);
    }
    match standing.wanted {
        Wish::Run => {}
        Wish::Pause => return Ok(Stepped::Paused(standing.paused_by())),
        Wish::Abandon => {
            ending::abandon(session, context.who(), context.run_id).await?;
            return Ok(Stepped::Ended);
        }
    }
    if !standing.pass_done {
        return Ok(Stepped::Idle);
    }
    let plan = context.resolve(session).await?;
    let transaction = session.begin(&Terms::ledger()).await?;
    let (run_id, kind, cuts) = (context.run_id, PassKind::Proof, passes::no_cuts());
    let opened = passes::open(&transaction, run_id, standing.pass, kind, &plan, &cuts).await?;
    if let Some(pass) = opened {
        audited::pass(&transaction, context.who(), run_id, pass, kind).await?;
    }
    transaction.commit().await?;
    Ok(Stepped::Worked)
}
