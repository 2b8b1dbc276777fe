//! How a run ends, in the ledger.

use serde_json::json;

use super::context::Context;
use super::tally::PageTally;
use crate::config::Who;
use crate::db::error::DatabaseError;
use crate::db::ledger::audit::{self, Event, EventKind};
use crate::db::ledger::failure::{self, FailureCount};
use crate::db::ledger::run::{self, Ending};
use crate::db::ledger::shard::Claim;
use crate::db::session::{Session, Terms};
use crate::db::transaction::Transaction;
use crate::error::{Error, ExitCode, Result};
use crate::plan::Plan;

/// Ends the run and leaves a trace of it: the last thing in its transaction.
pub async fn end(
    transaction: &Transaction<'_>,
    who: &Who,
    run_id: i64,
    ending: &Ending,
) -> Result<bool, DatabaseError> {
    let ended = run::end(transaction, run_id, ending).await?;
    if ended {
        if let Some(proof) = &ending.proof {
            let event = Event::of_run(EventKind::ProofClosed, run_id).with(proof.clone());
            audit::append(transaction, who, &event).await?;
        }
        let code = ending.exit_code as u8;
        let detail = json!({"state": ending.state, "exit_code": code, "reason": ending.reason});
        let event = Event::of_run(EventKind::RunEnded, run_id).with(detail);
        audit::append(transaction, who, &event).await?;
    }
    Ok(ended)
}

/// Ends the run because it cannot go on.
pub async fn fail(session: &mut Session, who: &Who, run_id: i64, error: &Error) -> Result<()> {
    let place = error.place.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
    let ending = Ending {
        state: "failed",
        exit_code: error.exit_code,
        reason: Some(format!("{}{place}", error.what)),
        proof: None,
    };
    let transaction = session.begin(&Terms::durable()).await?;
    end(&transaction, who, run_id, &ending).await?;
    Ok(transaction.commit().await?)
}

/// Ends the run because somebody asked for it.
pub async fn abandon(session: &mut Session, who: &Who, run_id: i64) -> Result<()> {
    let ending = Ending {
        state: "abandoned",
        exit_code: ExitCode::Refused,
        reason: Some("abandoned by an operator".to_owned()),
        proof: None,
    };
    let transaction = session.begin(&Terms::durable()).await?;
    end(&transaction, who, run_id, &ending).await?;
    Ok(transaction.commit().await?)
}

/// Resolves failures that the finished walk no longer met, or whose column is gone, and counts those it did.
pub async fn settle_failures(
    transaction: &Transaction<'_>,
    claim: &Claim,
    plan: &Plan,
) -> Result<FailureCount, DatabaseError> {
    let (run_id, pass) = (claim.id.run_id, claim.id.pass);
    for table in plan.tables() {
        let tables = [table.relation.plain()];
        let columns: Vec<String> =
            table.columns.iter().map(|column| column.name.name().to_owned()).collect();
        failure::resolve_unseen(transaction, run_id, pass, &tables, &columns).await?;
    }
    failure::resolve_gone(transaction).await?;
    failure::count(transaction, run_id, pass).await
}

/// Stops a run that would list a whole table as failures.
///
/// # Errors
/// Exit 1 when a column has more failures than the bound; the run has ended.
pub async fn check_failures(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    tally: &PageTally,
) -> Result<()> {
    if tally.columns.iter().all(|column| column.failed == 0) {
        return Ok(());
    }
    let transaction = session.begin(&Terms::reading()).await?;
    let worst = failure::worst_column(&transaction, claim.id.run_id, claim.id.pass).await?;
    transaction.commit().await?;
    let max = context.config.run.max_failures;
    let Some((column, failures)) = worst.filter(|(_, failures)| *failures > max) else {
        return Ok(());
    };
    let error = Error::new(
        ExitCode::Unfinished,
        format!("{failures} values failed, more than the bound of {max}"),
    );
    Err(error
        .at(column)
        .hint("see `reseal failures`; check keys and layout, or raise --max-failures"))
}
