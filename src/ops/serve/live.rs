//! What the live page shows, as JSON: how the run stands, and how this process gets on.

use std::time::Duration;

use serde::Serialize;

use super::desk::{Expected, Work};
use super::history::Point;
use crate::db::ledger::failure::ReasonCount;
use crate::error::{Error, Result};
use crate::report::status::StatusReport;

#[derive(Serialize)]
pub struct Live<'l> {
    pub command: &'static str,
    pub version: &'static str,
    pub status: Option<&'l StatusReport>,
    /// Why there is no status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    pub failures: &'l [ReasonCount],
    pub expected: &'l [Expected],
    pub process: ProcessShown,
    pub exit_code: Option<u8>,
}

/// How this process gets on.
#[derive(Serialize)]
pub struct ProcessShown {
    seconds: f64,
    workers: usize,
    values: u64,
    resealed: u64,
    failed: u64,
    conflicts: u64,
    retries: u64,
    waiting: Option<WaitShown>,
    history: Vec<Point>,
}

#[derive(Serialize)]
struct WaitShown {
    reason: &'static str,
    text: String,
    seconds: f64,
}

impl Live<'_> {
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|_| Error::bug("the live view is no JSON"))
    }
}

impl ProcessShown {
    /// `work` is none before the plan is made.
    pub fn of(work: Option<&Work>, since: Duration, history: &[Point]) -> Self {
        let counts = work.map(|work| work.progress.counts()).unwrap_or_default();
        let waiting = work.and_then(|work| work.progress.waits.now());
        Self {
            seconds: since.as_secs_f64(),
            workers: work.map_or(0, |work| work.workers),
            values: counts.values,
            resealed: counts.resealed,
            failed: counts.failed,
            conflicts: counts.conflicts,
            retries: counts.retries,
            waiting: waiting.map(|(wait, since)| WaitShown {
                reason: wait.reason.as_str(),
                text: wait.text,
                seconds: since.as_secs_f64(),
            }),
            history: history.to_vec(),
        }
    }
}
