//! A run as the runbook shows it: pure, from what the ledger counted.

mod stopped;
mod text;
mod totals;

use serde::Serialize;
use serde_json::Value;

use super::proof::{self, About};
use crate::db::ledger::counted::{Counted, RunRecord, WaitRecord};
use crate::db::ledger::failure::FailureCount;
use crate::db::ledger::run::RingKeys;
use crate::db::ledger::shard::Tally;
use crate::db::ledger::standing::Wish;
use totals::{Totals, values};

pub use stopped::{Unread, unread};

/// The newest run, or another one. The first fields are the runbook's, in its order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusReport {
    pub status: &'static str,
    pub total_records: u64,
    pub processed_records: u64,
    pub failed_records: u64,
    pub started_at: Option<String>,
    pub completed_at: Option<String>,
    pub run_id: Option<i64>,
    pub passes: u64,
    pub current_key: Option<String>,
    pub previous_keys: Vec<String>,
    pub resealed_records: u64,
    pub conflicts: u64,
    pub remaining_records: u64,
    pub proof: Option<Value>,
    pub tables: Vec<TableReport>,
    /// Failures that were accepted as they are; part of `failed_records`.
    pub accepted_records: u64,
    /// While a run is at work, its total is the plan's estimate.
    pub total_is_estimate: bool,
    /// What whoever is at work waits for, or by whom the run is paused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<WaitRecord>,
    /// Tables and columns of the configuration that are not part of the run (`--only`, `--column`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What `reseal set` has said of each process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_per_second: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<u32>,
    /// A later run, which has made a previous key of this one current again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone_back_by: Option<i64>,
    /// What its current pass does: `reseal`, `walk` or `close`; `None` when it has ended.
    pub step: Option<&'static str>,
    /// Every ring, when there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rings: Vec<RingKeys>,
    /// How the run ended, or how this process ends while the run has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do next, in the operator's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}

/// The counts of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReport {
    pub table: String,
    pub total_records: u64,
    pub processed_records: u64,
    pub failed_records: u64,
    pub resealed_records: u64,
    pub conflicts: u64,
    /// The current pass is through with it.
    pub done: bool,
}

/// No run has ever been started.
pub fn idle() -> StatusReport {
    StatusReport {
        status: "idle",
        total_records: 0,
        processed_records: 0,
        failed_records: 0,
        started_at: None,
        completed_at: None,
        run_id: None,
        passes: 0,
        current_key: None,
        previous_keys: Vec::new(),
        resealed_records: 0,
        conflicts: 0,
        remaining_records: 0,
        proof: None,
        tables: Vec::new(),
        accepted_records: 0,
        total_is_estimate: false,
        waiting: Vec::new(),
        left_out: Vec::new(),
        rows_per_second: None,
        workers: None,
        gone_back_by: None,
        step: None,
        rings: Vec::new(),
        exit_code: None,
        reason: None,
        advice: Vec::new(),
    }
}

/// Adds up what the ledger holds of a run. `timeline` is the server's now, `None` when unknown.
pub fn of(
    run: &RunRecord,
    counts: &[Counted],
    failures: FailureCount,
    waits: Vec<WaitRecord>,
    timeline: Option<i64>,
) -> StatusReport {
    let totals = Totals::of(run, counts, failures);
    let rounds: u64 = counts.iter().filter(|c| c.pass == run.pass).map(|c| c.rounds).sum();
    let first = run.keys.first();
    let mut report = StatusReport {
        status: status(run),
        total_records: totals.total,
        processed_records: totals.processed,
        failed_records: totals.failed,
        started_at: Some(run.started_at.clone()),
        completed_at: run.completed_at.clone(),
        run_id: Some(run.run_id),
        passes: u64::from(run.pass.unsigned_abs()) + rounds.saturating_sub(1),
        current_key: first.map(|ring| ring.current.clone()),
        previous_keys: first.map(|ring| ring.previous.clone()).unwrap_or_default(),
        resealed_records: counts.iter().map(|c| c.tally.resealed).sum(),
        conflicts: counts.iter().map(|c| c.tally.conflicts).sum(),
        remaining_records: totals.remaining,
        proof: run.proof.clone(),
        tables: tables(run, counts),
        accepted_records: totals.accepted,
        total_is_estimate: totals.is_estimate,
        waiting: waiting(run, waits),
        left_out: run.left_out.clone(),
        rows_per_second: run.asked.rows_per_second,
        workers: run.asked.workers,
        gone_back_by: run.gone_back_by,
        step: step(run, counts),
        rings: if run.keys.len() > 1 { run.keys.clone() } else { Vec::new() },
        exit_code: run.exit_code,
        reason: run.reason.clone(),
        advice: Vec::new(),
    };
    report.advice = advice(&report, &run.columns, timeline);
    report
}

fn status(run: &RunRecord) -> &'static str {
    match run.state.as_str() {
        "running" if run.wanted == Wish::Pause => "paused",
        "running" if run.at_work => "running",
        "running" => "interrupted",
        "completed" => "completed",
        "completed_with_failures" => "completed_with_failures",
        "incomplete" => "incomplete",
        _ => "failed",
    }
}

/// Nobody at work waits for anything else while the run rests.
fn waiting(run: &RunRecord, waits: Vec<WaitRecord>) -> Vec<WaitRecord> {
    match (run.state.as_str(), run.wanted) {
        ("running", Wish::Pause) => {
            vec![WaitRecord { reason: "paused".to_owned(), text: run.paused_by() }]
        }
        ("running", _) => waits,
        _ => Vec::new(),
    }
}

/// A pass that ends in a close is a proof: first it walks every table.
fn step(run: &RunRecord, counts: &[Counted]) -> Option<&'static str> {
    let of_pass = || counts.iter().filter(|c| c.pass == run.pass);
    match run.completed_at {
        Some(_) => None,
        None if !of_pass().any(|c| c.step == "close") => Some("reseal"),
        None if of_pass().all(|c| c.step == "close" || c.done) => Some("close"),
        None => Some("walk"),
    }
}

fn tables(run: &RunRecord, counts: &[Counted]) -> Vec<TableReport> {
    let mut names: Vec<&str> =
        counts.iter().filter(|c| c.step != "close").map(|c| c.table_name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    // what a walk left to its close is done when there is a proof; the close knows no tables
    let of_pass = |c: &&Counted| c.pass == run.pass;
    let failed = |is_close: bool| {
        let counted = counts.iter().filter(of_pass).filter(|c| (c.step == "close") == is_close);
        counted.map(|c| c.tally.failed).sum::<u64>()
    };
    let all_is_told = run.proof.is_some() && failed(true) == failed(false);
    let table = |name: &str| {
        let of_table = || counts.iter().filter(|c| c.table_name == name && c.step != "close");
        let now = of_table().filter(|c| c.pass == run.pass).map(|c| c.tally);
        let now = now.fold(Tally::default(), |mut sum, tally| {
            sum += tally;
            sum
        });
        TableReport {
            table: name.to_owned(),
            total_records: values(&now),
            processed_records: match all_is_told {
                true => values(&now) - now.failed,
                false => now.current + now.resealed,
            },
            failed_records: now.failed,
            resealed_records: of_table().map(|c| c.tally.resealed).sum(),
            conflicts: of_table().map(|c| c.tally.conflicts).sum(),
            done: of_table().filter(|c| c.pass == run.pass).all(|c| c.done),
        }
    };
    names.into_iter().map(table).collect()
}

fn advice(report: &StatusReport, columns: &[String], timeline: Option<i64>) -> Vec<String> {
    let mut advice = Vec::new();
    let proof = report.proof.as_ref();
    let proven_on = proof.and_then(|proof| proof["timeline"].as_i64());
    if let (Some(then), Some(now)) = (proven_on, timeline)
        && then != now
    {
        // what it allowed it allows no more
        return vec![format!(
            "the proof is void: it was made on timeline {then}, the server now writes timeline \
             {now} (failover or restore); keep the previous key, and verify again"
        )];
    }
    if let Some(later) = report.gone_back_by {
        return vec![format!(
            "run {later} has made a previous key of this run current again: that key is needed"
        )];
    }
    let moment = proof.and_then(|proof| proof["moment"].as_str());
    match (report.status, moment) {
        ("completed", Some(moment)) => {
            let (left_out, accepted) = (report.left_out.as_slice(), report.accepted_records);
            advice.extend(proof::advice(moment, About { columns, left_out, accepted }));
        }
        ("completed_with_failures", _) => advice.push(
            "some values could not be opened or written: see `reseal failures`; repair or accept them, then \
             run again; keep the previous key until then"
                .to_owned(),
        ),
        ("incomplete", _) => advice.push(
            "find the service that still writes with a previous key, restart it with the new one, then \
             run again"
                .to_owned(),
        ),
        ("paused", _) => advice.push("let it go on with `reseal resume`".to_owned()),
        ("interrupted", _) => advice.push("the same `reseal run` resumes".to_owned()),
        _ => {}
    }
    advice
}

impl StatusReport {
    /// Advises to mind standbys that have not replayed the proof's moment.
    pub fn mind_standbys(&mut self, behind: &[String]) {
        self.advice.extend(proof::standbys(behind));
    }
}
