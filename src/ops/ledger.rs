//! The commands about the ledger: `status`, `failures`, `ledger`.

use std::time::Duration;

use serde_json::json;

use crate::cli::Output;
use crate::config::{AcceptCommand, DatabaseConfig, FailuresCommand, LedgerCommand, StatusCommand};
use crate::db::error::DatabaseError;
use crate::db::ledger::audit::{self, Event, EventKind};
use crate::db::ledger::failure;
use crate::db::ledger::{counted, setup};
use crate::db::pool::Database;
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::error::{Error, ExitCode, Result};
use crate::plan::{decide, inspect};
use crate::report;
use crate::report::failures::FailuresReport;
use crate::report::status::{self, StatusReport};

/// How often `--wait` looks.
const WAIT_POLL: Duration = Duration::from_millis(200);

/// Prints the newest run, or another one.
pub async fn status(command: StatusCommand) -> Result<ExitCode> {
    let mut session = connect(&command.database).await?;
    loop {
        let (report, _) = status_of(&mut session, command.run).await?;
        let goes_on = matches!(report.status, "running" | "paused" | "interrupted");
        if !(command.wait && goes_on) {
            report::result(&report, command.output)?;
            return Ok(ExitCode::Done);
        }
        tokio::time::sleep(WAIT_POLL).await;
    }
}

/// A run and the exit code it ended with, `None` while it is unfinished.
pub async fn status_of(
    session: &mut Session,
    run_id: Option<i64>,
) -> Result<(StatusReport, Option<ExitCode>)> {
    if setup::version(session).await?.is_none() {
        return Ok((status::idle(), None));
    }
    let transaction = session.begin(&Terms::reading()).await?;
    let Some(run) = counted::run_record(&transaction, run_id).await? else {
        return match run_id {
            None => Ok((status::idle(), None)),
            Some(run_id) => Err(Error::usage(format!("there is no run {run_id}"))
                .hint("leave out --run for the newest one")),
        };
    };
    let counts = counted::counts(&transaction, run.run_id).await?;
    let failures = failure::count(&transaction, run.run_id, run.pass).await?;
    let waits = counted::waits(&transaction, run.run_id).await?;
    let timeline = timeline(&transaction).await?;
    transaction.commit().await?;
    let exit_code = run.exit_code.map(exit_code);
    Ok((status::of(&run, &counts, failures, waits, timeline), exit_code))
}

async fn timeline(transaction: &Transaction<'_>) -> Result<Option<i64>, DatabaseError> {
    Ok(transaction.query_one(sql::PROOF_TIMELINE, &[]).await?.get("timeline"))
}

fn exit_code(code: i16) -> ExitCode {
    match code {
        0 => ExitCode::Done,
        1 => ExitCode::Unfinished,
        3 => ExitCode::Refused,
        _ => ExitCode::Bug,
    }
}

/// Lists failed values.
pub async fn failures(command: FailuresCommand) -> Result<ExitCode> {
    let mut session = connect(&command.database).await?;
    let mut failures = Vec::new();
    if setup::version(&mut session).await?.is_some() {
        let transaction = session.begin(&Terms::reading()).await?;
        failures = failure::list(&transaction, command.all).await?;
        transaction.commit().await?;
    }
    report::result(&FailuresReport { failures }, command.output)?;
    Ok(ExitCode::Done)
}

/// Accepts one hopeless value, so that it no longer fails every run.
pub async fn accept(command: AcceptCommand) -> Result<ExitCode> {
    let mut session = connect(&command.database).await?;
    let unknown = || {
        Error::usage(format!("there is no unresolved failure {}", command.id))
            .hint("`reseal failures` lists them with their ids")
    };
    setup::version(&mut session).await?.ok_or_else(unknown)?;
    let transaction = session.begin(&Terms::durable()).await?;
    let run_id = failure::accept(&transaction, command.id, &command.reason).await?;
    let run_id = run_id.ok_or_else(unknown)?;
    let detail = json!({"failure": command.id, "reason": command.reason});
    let event = Event::of_run(EventKind::FailureAccepted, run_id).with(detail);
    audit::append(&transaction, &command.who, &event).await?;
    transaction.commit().await?;
    done(&format!("failure {} is accepted", command.id), command.output)
}

/// Creates or upgrades the ledger, or prints it for a DBA.
pub async fn ledger(command: LedgerCommand) -> Result<ExitCode> {
    let (database, output) = match command {
        LedgerCommand::PrintSql => {
            report::line(setup::script().trim_end())?;
            return Ok(ExitCode::Done);
        }
        LedgerCommand::Create { database, output } => (database, output),
    };
    let mut session = connect(&database).await?;
    if setup::version(&mut session).await?.is_none() {
        refuse_to_replicate(&mut session).await?;
    }
    let created = setup::ensure(&mut session).await?;
    let word = if created { "created" } else { "up to date" };
    done(&format!("the ledger is {word}"), output)
}

/// A ledger that subscribers have not heard of would stop them.
async fn refuse_to_replicate(session: &mut Session) -> Result<()> {
    let transaction = session.begin(&Terms::reading()).await?;
    let facts = inspect::server(&transaction).await?;
    transaction.commit().await?;
    decide::replicated_ledger(&facts).map_or(Ok(()), Err)
}

pub(super) async fn connect(database: &DatabaseConfig) -> Result<Session> {
    Ok(Database::connect(database).await?.session().await?)
}

pub(super) fn done(text: &str, output: Output) -> Result<ExitCode> {
    report::done(text, output)?;
    Ok(ExitCode::Done)
}
