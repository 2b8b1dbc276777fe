//! `audit`: shows the trail, and finds what was done to it. And what commands without a run add to it.

use serde_json::{Value, json};

use crate::cli::Output;
use crate::config::{AuditCommand, DatabaseConfig, Who};
use crate::db::ledger::audit::chain::{Checker, Head, StoredEvent};
use crate::db::ledger::audit::{self, Event, EventKind};
use crate::db::ledger::setup;
use crate::db::pool::Database;
use crate::db::session::{Session, Terms};
use crate::error::{Error, ExitCode, Result};
use crate::plan::make::Rings;
use crate::report;
use crate::report::audit::{AuditReport, ChainReport};
use crate::rotate::audited;
use crate::rotate::verify::Verdict;

/// Refusals of one plan that are audited at most.
const REFUSALS_MAX: usize = 100;

/// Shows the events, or whether they are as they were appended.
pub async fn audit(command: AuditCommand) -> Result<ExitCode> {
    match command {
        AuditCommand::Show { database, run, output } => show(&database, run, output).await,
        AuditCommand::Verify { database, head, output } => verify(&database, head, output).await,
    }
}

async fn show(database: &DatabaseConfig, run: Option<i64>, output: Output) -> Result<ExitCode> {
    let mut session = Database::connect(database).await?.session().await?;
    let mut events = Vec::new();
    if setup::version(&mut session).await?.is_some() {
        let keep = |event, _| events.push(event);
        audit::read_all(&mut session, keep).await?;
    }
    events.retain(|event| run.is_none() || event.run_id == run);
    report::result(&AuditReport::of(events), output)?;
    Ok(ExitCode::Done)
}

async fn verify(
    database: &DatabaseConfig,
    head: Option<String>,
    output: Output,
) -> Result<ExitCode> {
    let noted = head.map(|text| text.parse()).transpose().map_err(|_| {
        Error::usage("a head is ID:HASH, as a log or a report shows it").at("--head")
    })?;
    let mut session = Database::connect(database).await?.session().await?;
    if setup::version(&mut session).await?.is_none() {
        let what = "there is no ledger, and so no audit trail";
        return Err(Error::new(ExitCode::Unfinished, what).at("schema reseal"));
    }
    let chain = check(&mut session, noted).await?;
    report::result(&chain, output)?;
    Ok(if chain.is_whole() { ExitCode::Done } else { ExitCode::Unfinished })
}

/// Walks the whole chain.
async fn check(session: &mut Session, noted: Option<Head>) -> Result<ChainReport> {
    walk(session, noted, |_| {}).await
}

/// Walks the whole chain, and keeps the events of one run.
pub async fn read(session: &mut Session, run_id: i64) -> Result<(ChainReport, Vec<StoredEvent>)> {
    let mut events = Vec::new();
    let keep = |event: StoredEvent| {
        if event.run_id == Some(run_id) {
            events.push(event);
        }
    };
    let chain = walk(session, None, keep).await?;
    Ok((chain, events))
}

async fn walk(
    session: &mut Session,
    noted: Option<Head>,
    mut each: impl FnMut(StoredEvent),
) -> Result<ChainReport> {
    let (has_noted, mut events) = (noted.is_some(), 0);
    let mut checker = Checker::new(noted);
    let head = audit::read_all(session, |event, hash| {
        events += 1;
        checker.next(&event, hash);
        each(event);
    });
    let head = head.await?;
    Ok(ChainReport::of(events, head.as_ref(), has_noted, checker.finish(head.as_ref())))
}

/// Tells the newest link to the log, which is kept outside the database.
pub async fn tell_head(session: &mut Session) -> Result<()> {
    let transaction = session.begin(&Terms::reading()).await?;
    let head = audit::head(&transaction).await?;
    transaction.commit().await?;
    if let Some(head) = head {
        tracing::info!(target: "reseal", audit_head = %head, "audited");
    }
    Ok(())
}

/// A run was refused before it began. Where it cannot be audited, the refusal is what is told.
pub async fn plan_refused(session: &mut Session, who: &Who, refused: &Error) {
    let all = std::iter::once(refused).chain(&refused.others).take(REFUSALS_MAX);
    let refusals: Vec<Value> =
        all.map(|error| json!({"what": error.what, "where": error.place})).collect();
    let event = Event::new(EventKind::PlanRefused).with(json!({"refusals": refusals}));
    if let Err(error) = append_if_possible(session, who, &event).await {
        tracing::debug!(target: "reseal", "the refusal is not audited: {}", error.what);
    }
}

/// The columns were verified: audited where there is a ledger and the role may write there.
pub async fn verified(
    session: &mut Session,
    who: &Who,
    rings: &Rings,
    verdict: &Verdict,
) -> Result<()> {
    let sum = |of: fn(&crate::rotate::verify::Verified) -> u64| {
        verdict.tables.iter().map(of).sum::<u64>()
    };
    let moment = &verdict.moment;
    let tables: Vec<&String> = verdict.tables.iter().map(|table| &table.table).collect();
    let mut detail = json!({
        "verified": verdict.is_good(),
        "tables": tables,
        "moment": moment.time, "lsn": moment.lsn, "timeline": moment.timeline,
        "processed_records": sum(|t| t.current), "failed_records": sum(|t| t.failed),
        "remaining_records": sum(|t| t.remaining), "accepted_records": sum(|t| t.accepted),
    });
    if let (Some(detail), Value::Object(keys)) =
        (detail.as_object_mut(), audited::loaded_keys(rings))
    {
        detail.extend(keys);
    }
    let event = Event::new(EventKind::Verified).with(detail);
    if !append_if_possible(session, who, &event).await? {
        tracing::info!(target: "reseal", "not audited: no ledger, or one that this role may not write");
        return Ok(());
    }
    tell_head(session).await
}

/// False where there is no ledger, or none that this role may append to.
async fn append_if_possible(session: &mut Session, who: &Who, event: &Event) -> Result<bool> {
    let transaction = session.begin(&Terms::durable()).await?;
    if !audit::rights(&transaction).await?.may_append {
        return Ok(false);
    }
    audit::append(&transaction, who, event).await?;
    transaction.commit().await?;
    Ok(true)
}
