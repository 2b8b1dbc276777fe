//! Adds up a run: total = processed + failed + remaining, always.

use crate::db::ledger::counted::{Counted, RunRecord};
use crate::db::ledger::failure::FailureCount;
use crate::db::ledger::shard::Tally;

pub struct Totals {
    pub total: u64,
    pub processed: u64,
    pub failed: u64,
    pub accepted: u64,
    pub remaining: u64,
    /// The total is the plan's estimate: no pass has met every value yet.
    pub is_estimate: bool,
}

impl Totals {
    /// `failures` are those of the current pass; they matter while no close has counted them.
    pub fn of(run: &RunRecord, counts: &[Counted], failures: FailureCount) -> Self {
        let close = counts.iter().find(|c| c.pass == run.pass && c.step == "close" && c.done);
        match close {
            Some(close) if run.completed_at.is_some() => Self::closed(run, counts, close),
            _ => Self::unfinished(run, counts, failures),
        }
    }

    /// As counted by the last complete pass; the close has the last word on what failed or remains.
    fn closed(run: &RunRecord, counts: &[Counted], close: &Counted) -> Self {
        let walk = counts.iter().filter(|c| c.pass == run.pass && c.step == "walk");
        let walked: u64 = walk.map(|c| values(&c.tally)).sum();
        let (failed, remaining) = (close.tally.failed, close.remaining);
        // rows may have gone between the walk and the close
        let total = walked.max(failed + remaining);
        let processed = total - failed - remaining;
        let accepted = close.accepted;
        Self { total, processed, failed, accepted, remaining, is_estimate: false }
    }

    fn unfinished(run: &RunRecord, counts: &[Counted], failures: FailureCount) -> Self {
        let opened = |pass: i32| {
            let of_pass = counts.iter().filter(|c| c.pass == pass && c.step != "close");
            of_pass.map(|c| c.tally.current + c.tally.resealed).sum::<u64>()
        };
        let processed = (1..=run.pass).map(opened).max().unwrap_or(0);
        let FailureCount { failed, accepted } = failures;
        let total = run.total_estimate.max(processed + failed);
        let remaining = total - processed - failed;
        Self { total, processed, failed, accepted, remaining, is_estimate: true }
    }
}

/// Every value that was met.
pub fn values(tally: &Tally) -> u64 {
    tally.current + tally.resealed + tally.failed + tally.conflicts
}
