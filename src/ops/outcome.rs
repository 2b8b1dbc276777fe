//! What came of a run, printed: the exit code is the run's, whichever of its processes tells it.

use std::time::Duration;

use super::audit;
use super::ledger::status_of;
use super::rotation::patiently;
use crate::cli::Output;
use crate::config::Config;
use crate::db::pool::Database;
use crate::db::session::Session;
use crate::error::{Error, ExitCode, Result};
use crate::report::{
    self,
    status::{self, StatusReport},
};
use crate::rotate::stop::Stop;
use crate::rotate::{context, verify};

/// A run that ended itself as failed has its outcome in the ledger; only its message is shown here.
pub fn ended(worked: Result<()>) -> Result<()> {
    match worked {
        Err(error) if matches!(error.exit_code, ExitCode::Unfinished | ExitCode::Refused) => {
            report::error(&error);
            Ok(())
        }
        other => other,
    }
}

/// Prints the run and answers with its exit code: every process of a run ends with the run's outcome.
pub async fn outcome(
    database: &Database,
    run_id: i64,
    config: &Config,
    stop: &Stop,
    output: Output,
) -> Result<ExitCode> {
    let asked = patiently(config, stop, async || {
        let mut session = database.session().await?;
        let (mut report, exit_code) = status_of(&mut session, Some(run_id)).await?;
        name_standbys(&mut session, &mut report).await?;
        audit::tell_head(&mut session).await?;
        Ok((report, exit_code))
    });
    let (report, exit_code) = match asked.await {
        Err(stopped) if leaves_it_unfinished(&stopped) => {
            return so_far(database, run_id, &stopped, output).await;
        }
        answered => answered?,
    };
    report::result(&report, output)?;
    // it had ended when we looked last: this ledger has lost that
    exit_code.ok_or_else(|| context::gone(run_id))
}

async fn name_standbys(session: &mut Session, report: &mut StatusReport) -> Result<()> {
    let lsn = report.proof.as_ref().and_then(|proof| proof["lsn"].as_str()).map(str::to_owned);
    if let Some(lsn) = lsn {
        report.mind_standbys(&verify::standbys(session, &lsn).await?);
    }
    Ok(())
}

/// Whether the run goes on with the same command: after a signal, trouble outside, or a spent budget.
pub fn leaves_it_unfinished(stopped: &Error) -> bool {
    matches!(stopped.exit_code, ExitCode::Interrupted | ExitCode::Outside | ExitCode::BudgetSpent)
}

/// How long a ledger may take to say how far the run is: whoever was told to end has little time.
const LEDGER_TIME_MAX: Duration = Duration::from_secs(5);

/// Prints how far the run is when this process stops before it has ended.
pub async fn so_far(
    database: &Database,
    run_id: i64,
    stopped: &Error,
    output: Output,
) -> Result<ExitCode> {
    report::error(stopped);
    let asked = async { status_of(&mut database.session().await?, Some(run_id)).await };
    match tokio::time::timeout(LEDGER_TIME_MAX, asked).await {
        Ok(Ok((mut report, _))) if report.run_id.is_some() => {
            report.stopped(stopped);
            report::result(&report, output)?;
        }
        // there is no such run, or no ledger any more
        Ok(Ok(_)) => {}
        Ok(Err(error)) if error.exit_code != ExitCode::Outside => {}
        Ok(Err(_)) | Err(_) => report::result(&status::unread(run_id, stopped), output)?,
    }
    Ok(stopped.exit_code)
}
