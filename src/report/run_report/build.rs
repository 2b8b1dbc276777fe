//! Adds up a report from its facts.

use std::time::Duration;

use serde_json::Value;

use super::words::{EVIDENCE, NOT_SHOWN};
use super::{
    AuditSection, CountReport, CountedTable, EventLine, Facts, KeyFacts, KeyReport,
    KeySourceReport, PassReport, ProofStep, Recount, Retention, RunReport, TableCount,
};
use crate::db::ledger::audit::chain::{Doer, StoredEvent};
use crate::db::ledger::counted::Counted;
use crate::db::ledger::evidence::Point;
use crate::db::ledger::scope::ScopeTable;
use crate::error::{Error, Result};
use crate::report::proof;
use crate::report::status::StatusReport;

/// The report.
///
/// # Errors
/// Exit 2 when the retention leads past what a date can say.
pub fn of(facts: Facts, backup_retention: Option<Duration>) -> Result<RunReport> {
    let retention = retention(&facts.status, backup_retention)?;
    Ok(RunReport {
        made_at: facts.server.asked_at.clone(),
        made_by_version: env!("CARGO_PKG_VERSION").to_owned(),
        tool_version: facts.run.tool_version.clone(),
        seconds: facts.run.seconds,
        config_digest: facts.run.config_digest.clone(),
        who: participants(&facts.events),
        scope: facts.scope(),
        coverage: facts.coverage.clone(),
        keys: facts.keys.iter().map(|key| key_report(key, &facts.events)).collect(),
        counts: facts.counted.as_ref().map(|counted| counts(counted, &facts.status)),
        passes: passes(&facts.counts),
        proof_steps: facts.status.proof.as_ref().map(proof_steps).unwrap_or_default(),
        standbys_behind: facts.standbys_behind.clone(),
        curve: curve(&facts),
        retention,
        audit: AuditSection {
            role_may_change_audit: detail_of(&facts.events, &["run started", "run resumed"])
                .map(|detail| detail["role_may_change_audit"] != false)
                .reduce(|any, may| any || may),
            events: facts.events.iter().map(event_line).collect(),
            chain: facts.chain,
        },
        not_shown: NOT_SHOWN.to_vec(),
        evidence: EVIDENCE.to_vec(),
        database: facts.server,
        failures: facts.failures,
        failed_values: facts.failed,
        run: facts.status,
    })
}

impl Facts {
    /// The tables of the proof; of a run without one those it was started with.
    pub fn scope(&self) -> Vec<ScopeTable> {
        let read = |value: &Value| serde_json::from_value(value.clone()).ok();
        let proven = self.status.proof.as_ref().and_then(|proof| read(&proof["relations"]));
        let started = || detail_of(&self.events, &["run started"]).find_map(|d| read(&d["tables"]));
        proven.or_else(started).unwrap_or_default()
    }
}

/// The details of the events of these names, oldest first.
fn detail_of(events: &[StoredEvent], names: &[&str]) -> impl Iterator<Item = Value> {
    let named = events.iter().filter(move |event| names.contains(&event.event.as_str()));
    named.filter_map(|event| serde_json::from_str(&event.detail).ok())
}

/// Everybody who is named in the events, once.
fn participants(events: &[StoredEvent]) -> Vec<Doer> {
    let mut participants: Vec<Doer> = Vec::new();
    for event in events {
        if !participants.contains(&event.who) {
            participants.push(event.who.clone());
        }
    }
    participants
}

fn key_report(key: &KeyFacts, events: &[StoredEvent]) -> KeyReport {
    let of_key = |entry: &Value| entry["key"] == *key.key;
    let mut loaded: Vec<KeySourceReport> = Vec::new();
    for detail in detail_of(events, &["keys loaded"]) {
        let rings = detail["rings"].as_array().into_iter().flatten();
        for ring in rings.filter(|ring| ring["ring"] == *key.ring) {
            let previous = ring["previous"].as_array().into_iter().flatten();
            let found = std::iter::once(&ring["current"]).chain(previous).filter(|e| of_key(e));
            loaded.extend(found.map(KeySourceReport::of));
        }
    }
    loaded.sort();
    loaded.dedup();
    KeyReport {
        ring: key.ring.clone(),
        key: key.key.clone(),
        role: if key.is_current { "current" } else { "previous" },
        loaded_from: loaded,
        age: key.age.clone(),
    }
}

impl KeySourceReport {
    /// As it was audited.
    fn of(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        let source = text("source").unwrap_or_default();
        Self { source, kms: text("kms"), kms_version: text("kms_version") }
    }
}

fn counts(recount: &Recount, status: &StatusReport) -> CountReport {
    let tables = recount.tables.iter().map(|table| table_count(table, status)).collect();
    CountReport { taken_at: recount.taken_at.clone(), tables }
}

fn table_count(table: &CountedTable, status: &StatusReport) -> TableCount {
    let now: Option<i64> = table.columns.iter().map(|column| column.values).sum();
    let now = now.filter(|_| table.rows.is_some());
    let met = status.tables.iter().find(|t| t.table == table.table).map(|t| t.total_records);
    let difference = now.zip(met).map(|(now, met)| now - i64::try_from(met).unwrap_or(i64::MAX));
    let what = match (table.rows, difference) {
        (None, _) => "the table is gone".to_owned(),
        (_, Some(0)) => "the same as the last pass met".to_owned(),
        (_, Some(more)) if more > 0 => {
            format!("{more} more than the last pass met: written since it read them")
        }
        (_, Some(less)) => format!(
            "{} fewer than the last pass met: removed or emptied since it read them, or met twice because they moved \
             while it read",
            less.unsigned_abs()
        ),
        (Some(_), None) => "not compared: not every column can be counted by SQL alone".to_owned(),
    };
    TableCount {
        table: table.table.clone(),
        rows: table.rows,
        columns: table.columns.clone(),
        values_now: now,
        values_in_run: met,
        difference,
        what,
    }
}

fn passes(counts: &[Counted]) -> Vec<PassReport> {
    let of_tables = counts.iter().filter(|counted| counted.step != "close");
    let pass = |counted: &Counted| PassReport {
        pass: counted.pass,
        step: counted.step.clone(),
        table: counted.table_name.clone(),
        rows: counted.tally.rows,
        current: counted.tally.current,
        resealed: counted.tally.resealed,
        failed: counted.tally.failed,
        conflicts: counted.tally.conflicts,
    };
    of_tables.map(pass).collect()
}

fn proof_steps(proof: &Value) -> Vec<ProofStep> {
    let text = |name: &str| proof[name].as_str().unwrap_or("unknown").to_owned();
    let number = |name: &str| proof[name].as_u64().unwrap_or(0);
    let relations = proof["relations"].as_array().map_or(0, Vec::len);
    let waited = Duration::from_millis(number("waited_ms")).as_secs_f64();
    let step = |step, what| ProofStep { step, what };
    let services = proof["key_services"].as_array().into_iter().flatten();
    let mut steps = vec![
        step(
            "barrier",
            format!("every transaction below {} had ended before the walk", text("barrier")),
        ),
        step(
            "walk",
            format!(
                "every block of {} was read, and every value in it judged",
                plural(relations as u64, "table")
            ),
        ),
        step(
            "wait",
            format!("{waited:.3} s until no transaction was open that had written to these tables"),
        ),
        step(
            "look",
            format!(
                "{} written since the barrier, all judged in one snapshot; {} in all",
                plural(number("rows_in_close"), "row"),
                plural(number("rounds"), "round")
            ),
        ),
        step(
            "end",
            format!("at {}, LSN {}, timeline {}", text("moment"), text("lsn"), proof["timeline"]),
        ),
    ];
    steps.extend(services.map(|column| step("key service", proof::of_service(column))));
    steps
}

/// What was noted while it ran, and its beginning and end.
fn curve(facts: &Facts) -> Vec<Point> {
    let mut curve = vec![Point { seconds: 0.0, pass: 1, values: 0 }];
    curve.extend(facts.curve.iter().filter(|point| point.seconds > 0.0));
    if facts.status.completed_at.is_some() {
        let tallies = facts.counts.iter().map(|counted| counted.tally);
        let values: u64 = tallies.map(|tally| tally.current + tally.resealed + tally.failed).sum();
        let pass = facts.counts.iter().map(|counted| counted.pass).max().unwrap_or(1);
        let values = i64::try_from(values).unwrap_or(i64::MAX);
        curve.push(Point { seconds: facts.run.seconds, pass, values });
    }
    curve
}

fn retention(status: &StatusReport, kept: Option<Duration>) -> Result<Retention> {
    let moment = status.proof.as_ref().and_then(|proof| proof["moment"].as_str());
    let backup_retention = kept.map(retained);
    if let Some(later) = status.gone_back_by {
        let what = format!(
            "Run {later} has made a previous key of this run current again, so there is no date: keep the previous keys."
        );
        return Ok(Retention { backup_retention, keep_until: None, what });
    }
    let Some(moment) = moment.filter(|_| status.status == "completed") else {
        let what = "The run has not ended with every value under the current key, so there is no date: keep the previous keys."
            .to_owned();
        return Ok(Retention { backup_retention, keep_until: None, what });
    };
    if !status.left_out.is_empty() {
        let what = "The run is about a part of the configuration, so there is no date: the previous keys are needed until a \
                    run over the whole of it has completed."
            .to_owned();
        return Ok(Retention { backup_retention, keep_until: None, what });
    }
    let Some(kept) = kept else {
        let what = format!(
            "Keep the previous keys archived until the last backup, WAL archive and delayed standby older than \
             {moment} is gone. How long those are kept was not said (--backup-retention).{}",
            of_accepted(status)
        );
        return Ok(Retention { backup_retention, keep_until: None, what });
    };
    let until = humantime::parse_rfc3339(moment).ok().and_then(|moment| moment.checked_add(kept));
    let until = until.ok_or_else(|| {
        Error::usage("the retention leads past every date").at("--backup-retention")
    })?;
    let until = humantime::format_rfc3339_seconds(until).to_string();
    let what = format!(
        "Keep the previous keys archived until {until}: until then backups, WAL archives and delayed standbys \
         from before {moment} may be restored.{}",
        of_accepted(status)
    );
    Ok(Retention { backup_retention, keep_until: Some(until), what })
}

/// In days, as such things are said: a month would be one of 30.44.
fn retained(kept: Duration) -> String {
    const DAY: u64 = 86_400;
    match (kept.as_secs() / DAY, kept.as_secs() % DAY) {
        (days, 0) if days > 0 => plural(days, "day"),
        _ => humantime::format_duration(kept).to_string(),
    }
}

/// `1 row`, `2 rows`.
fn plural(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Live values may need a previous key for longer than any backup.
fn of_accepted(status: &StatusReport) -> String {
    match status.accepted_records {
        0 => String::new(),
        accepted => format!(
            " {accepted} values were accepted as they are; where one of them opens with a previous key, it needs \
             that key for as long as it is read."
        ),
    }
}

fn event_line(event: &StoredEvent) -> EventLine {
    let Doer { database_role, operator, ticket, reason, host, pod } = &event.who;
    let said = [operator, ticket, reason, pod, host];
    let said = said.into_iter().flatten().map(String::as_str);
    let who: Vec<&str> = std::iter::once(database_role.as_str()).chain(said).collect();
    EventLine {
        event_id: event.event_id,
        happened_at: event.happened_at.clone(),
        event: event.event.clone(),
        who: who.join(", "),
    }
}
