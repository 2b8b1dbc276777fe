//! `report`: gathers what the ledger and the server know of a run, counts the tables anew, and prints it.

use super::audit;
use super::ledger::status_of;
use crate::cli::ReportForm;
use crate::config::ReportCommand;
use crate::db::ledger::audit::chain::StoredEvent;
use crate::db::ledger::run::RingKeys;
use crate::db::ledger::{counted, evidence, failure};
use crate::db::pool::Database;
use crate::db::session::{Session, Terms};
use crate::error::{Error, ExitCode, Result};
use crate::report;
use crate::report::run_report::{self, Coverage, Facts, KeyFacts, NotSearched};
use crate::report::status::StatusReport;
use crate::rotate::verify;

mod count;
mod coverage;

/// Prints the report of a run.
pub async fn report(command: ReportCommand) -> Result<ExitCode> {
    let database = Database::connect(&command.database).await?;
    let mut session = database.session().await?;
    let (status, _) = status_of(&mut session, command.run).await?;
    let Some(run_id) = status.run_id else {
        return Err(Error::usage("no run has been started, so there is nothing to report"));
    };
    let (chain, events) = audit::read(&mut session, run_id).await?;
    let mut facts = facts(&mut session, run_id, status, events, &command).await?;
    facts.chain = Some(chain);
    facts.standbys_behind = standbys_behind(&mut session, &facts).await?;
    let scope = facts.scope();
    let keys = command.coverage;
    facts.coverage = coverage::look(&database, &mut session, keys, &scope, &facts.keys).await;
    if command.counts {
        facts.counted = Some(count::count(&mut session, &scope).await?);
    }
    let report = run_report::of(facts, command.backup_retention)?;
    match command.form {
        ReportForm::Html => report::line(&run_report::html::page(&report))?,
        ReportForm::Json => report::json(&report)?,
    }
    Ok(ExitCode::Done)
}

async fn facts(
    session: &mut Session,
    run_id: i64,
    status: StatusReport,
    events: Vec<StoredEvent>,
    command: &ReportCommand,
) -> Result<Facts> {
    let transaction = session.begin(&Terms::reading()).await?;
    let record = counted::run_record(&transaction, Some(run_id)).await?;
    let rings = record.map(|record| record.keys).unwrap_or_default();
    let mut keys = Vec::new();
    for (ring, key, is_current) in rings.iter().flat_map(keys_of) {
        let age = evidence::key_age(&transaction, key).await?;
        keys.push(KeyFacts { ring: ring.to_owned(), key: key.to_owned(), is_current, age });
    }
    let mut failed = None;
    if command.show_keys {
        let mut all = failure::list(&transaction, true).await?;
        all.retain(|failure| failure.run_id == run_id);
        failed = Some(all);
    }
    let facts = Facts {
        run: evidence::run(&transaction, run_id).await?,
        server: evidence::server(&transaction).await?,
        counts: counted::counts(&transaction, run_id).await?,
        failures: evidence::failures(&transaction, run_id).await?,
        curve: evidence::curve(&transaction, run_id).await?,
        status,
        keys,
        failed,
        events,
        chain: None,
        counted: None,
        coverage: Coverage::none(&NotSearched::Unasked),
        standbys_behind: None,
    };
    transaction.commit().await?;
    Ok(facts)
}

/// Asked of the server on whose timeline the proof was made; another one's positions mean something else.
async fn standbys_behind(session: &mut Session, facts: &Facts) -> Result<Option<Vec<String>>> {
    let Some(proof) = &facts.status.proof else { return Ok(None) };
    match proof["lsn"].as_str() {
        Some(lsn) if proof["timeline"].as_i64() == facts.server.timeline => {
            Ok(Some(verify::standbys(session, lsn).await?))
        }
        _ => Ok(None),
    }
}

/// Every key of a ring with the ring's name, and whether it is the current one.
fn keys_of(ring: &RingKeys) -> impl Iterator<Item = (&str, &str, bool)> {
    let previous = ring.previous.iter().map(|key| (key.as_str(), false));
    let keys = std::iter::once((ring.current.as_str(), true)).chain(previous);
    keys.map(|(key, is_current)| (ring.ring.as_str(), key, is_current))
}
