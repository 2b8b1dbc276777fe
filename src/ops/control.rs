//! An operator's word about an unfinished run, put into the ledger: `pause`, `resume`, `set`, `abandon`.

use serde_json::json;

use super::ledger::{connect, done};
use crate::config::{RunChoice, SetCommand};
use crate::db::ledger::audit::{self, Event, EventKind};
use crate::db::ledger::counted::{self, RunRecord};
use crate::db::ledger::standing::{self, AskedSettings, Wish};
use crate::db::ledger::{run, setup};
use crate::db::session::{Session, Terms};
use crate::db::transaction::Transaction;
use crate::error::{Error, ExitCode, Result};
use crate::rotate::ending;

/// Lets the workers of a run rest.
pub async fn pause(choice: RunChoice) -> Result<ExitCode> {
    let (run, before) = want(&choice, Wish::Pause, EventKind::RunPaused).await?;
    let run_id = run.run_id;
    let text = match before {
        Wish::Pause => format!("run {run_id} is {}", run.paused_by()),
        _ if run.at_work => format!("run {run_id} rests within one page"),
        _ => format!("run {run_id} rests; nobody was at work on it"),
    };
    done(&text, choice.output)
}

/// Lets a paused run go on.
pub async fn resume(choice: RunChoice) -> Result<ExitCode> {
    let (run, before) = want(&choice, Wish::Run, EventKind::RunUnpaused).await?;
    let run_id = run.run_id;
    let text = match before {
        Wish::Pause => format!("run {run_id} goes on as soon as somebody is at work on it"),
        _ => format!("run {run_id} was not paused"),
    };
    done(&text, choice.output)
}

/// Changes rate and workers of a run.
pub async fn set(command: SetCommand) -> Result<ExitCode> {
    let choice = command.choice;
    let asked =
        AskedSettings { rows_per_second: command.rows_per_second, workers: command.workers };
    let mut session = connect(&choice.database).await?;
    setup::version(&mut session).await?.ok_or_else(nothing)?;
    let transaction = session.begin(&Terms::durable()).await?;
    let run_id = chosen(&transaction, choice.run).await?.run_id;
    if !standing::set(&transaction, run_id, asked).await? {
        return Err(nothing());
    }
    let detail = json!({"rows_per_second": asked.rows_per_second, "workers": asked.workers});
    let event = Event::of_run(EventKind::SettingsChanged, run_id).with(detail);
    audit::append(&transaction, &choice.who, &event).await?;
    transaction.commit().await?;
    done(&format!("run {run_id} is told; its processes hear it within a second"), choice.output)
}

/// Ends an unfinished run: at once when nobody is at work, else within one page.
pub async fn abandon(choice: RunChoice) -> Result<ExitCode> {
    let (run, _) = want(&choice, Wish::Abandon, EventKind::RunAbandoned).await?;
    let run_id = run.run_id;
    if run.at_work {
        return done(&format!("run {run_id} will end within one page"), choice.output);
    }
    let mut session = connect(&choice.database).await?;
    ending::abandon(&mut session, &choice.who, run_id).await?;
    done(&format!("run {run_id} is ended"), choice.output)
}

/// Says what is wanted, and to the audit who said so when it is something new.
async fn want(choice: &RunChoice, wish: Wish, event: EventKind) -> Result<(RunRecord, Wish)> {
    let mut session = connect(&choice.database).await?;
    setup::version(&mut session).await?.ok_or_else(nothing)?;
    let run = current(&mut session, choice.run).await?;
    if run.wanted == wish && wish != Wish::Abandon {
        return Ok((run, wish));
    }
    let transaction = session.begin(&Terms::durable()).await?;
    let before = standing::want(&transaction, run.run_id, wish, choice.who.operator.as_deref())
        .await?
        .ok_or_else(nothing)?;
    audit::append(&transaction, &choice.who, &Event::of_run(event, run.run_id)).await?;
    transaction.commit().await?;
    Ok((run, before))
}

async fn current(session: &mut Session, run_id: Option<i64>) -> Result<RunRecord> {
    let transaction = session.begin(&Terms::reading()).await?;
    let run = chosen(&transaction, run_id).await?;
    transaction.commit().await?;
    Ok(run)
}

/// The unfinished run that is meant.
async fn chosen(transaction: &Transaction<'_>, run_id: Option<i64>) -> Result<RunRecord> {
    let unfinished = run::unfinished(transaction).await?;
    let run_id = match (run_id, unfinished.as_slice()) {
        (Some(run_id), _) => run_id,
        (None, [run_id]) => *run_id,
        (None, []) => return Err(nothing()),
        (None, several) => return Err(which(several)),
    };
    let record = counted::run_record(transaction, Some(run_id)).await?;
    record.filter(|run| run.state == "running").ok_or_else(nothing)
}

fn nothing() -> Error {
    Error::usage("there is no such unfinished run")
        .hint("`reseal status` shows the newest run; --run names another one")
}

fn which(unfinished: &[i64]) -> Error {
    let ids: Vec<String> = unfinished.iter().map(ToString::to_string).collect();
    Error::usage(format!("several runs are unfinished: {}", ids.join(", ")))
        .hint("name one with --run ID")
}
