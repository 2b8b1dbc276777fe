//! How far this process has come: counters that the progress bar and the metrics show. The truth is the
//! ledger's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::judge::{JudgedPage, Judgement};
use super::narrow::Committed;
use super::tally::{FailureTally, PageTally};
use super::verify::{is_failed, needs_another_key};
use super::waits::{WaitReason, Waits};
use crate::db::ledger::shard::Tally;
use crate::plan::{Plan, TablePlan};
use crate::telemetry::metrics::{Metrics, Outcome, Retry};
use crate::value::Reason;

/// Values this process has committed, since it started, and what it waited for.
#[derive(Debug, Default)]
pub struct Progress {
    values: AtomicU64,
    resealed: AtomicU64,
    failed: AtomicU64,
    conflicts: AtomicU64,
    retries: AtomicU64,
    failures: Mutex<FailureTally>,
    metrics: Metrics,
    /// Why workers wait now, and how long they have.
    pub waits: Waits,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProgressCounts {
    pub values: u64,
    pub resealed: u64,
    pub failed: u64,
    pub conflicts: u64,
    pub retries: u64,
    /// The failed ones, by reason.
    pub failures: FailureTally,
}

impl Progress {
    /// Counts in `metrics` too, where every column of the plan stands from now on.
    pub fn counting(metrics: Metrics, plan: &Plan) -> Self {
        for table in plan.tables() {
            for column in &table.columns {
                metrics.expect(&table.relation.plain(), column.name.name());
            }
        }
        Self { metrics, ..Self::default() }
    }

    /// A page was committed.
    pub fn committed(&self, table: &TablePlan, page: &Committed, took: Duration) {
        self.add(table, &page.tally);
        self.metrics.page_took(took);
        page.retries.iter().for_each(|kind| self.metrics.retried(*kind));
    }

    /// Values were committed.
    pub fn add(&self, table: &TablePlan, tally: &PageTally) {
        let Tally { current, resealed, failed, conflicts, .. } = tally.sum();
        self.values.fetch_add(current + resealed + failed + conflicts, Ordering::Relaxed);
        self.resealed.fetch_add(resealed, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
        self.conflicts.fetch_add(conflicts, Ordering::Relaxed);
        *self.failures() += tally.failures;
        for (column, tally) in table.columns.iter().zip(&tally.columns) {
            let outcomes = [
                (Outcome::Current, tally.current),
                (Outcome::Resealed, tally.resealed),
                (Outcome::Failed, tally.failed),
                (Outcome::Conflict, tally.conflicts),
            ];
            self.count(table, column.name.name(), &outcomes);
        }
    }

    /// A page was read, and nothing was to be written.
    pub fn read(&self, table: &TablePlan, page: &JudgedPage, took: Duration) {
        let passed = page.page.passed(&(0..page.page.len()));
        self.metrics.page_took(took);
        for reason in Reason::ALL {
            let failed = page.count(|judgement| *judgement == Judgement::Failed(reason));
            self.failed.fetch_add(failed, Ordering::Relaxed);
            self.failures().add(reason, failed);
        }
        for (number, column) in table.columns.iter().enumerate() {
            let current = page.count_in(number, |j| *j == Judgement::Current);
            let outcomes = [
                (Outcome::Current, passed.current.get(number).copied().unwrap_or(0) + current),
                (Outcome::Remaining, page.count_in(number, needs_another_key)),
                (Outcome::Failed, page.count_in(number, |j| is_failed(j) && !needs_another_key(j))),
            ];
            let values = outcomes.iter().map(|(_, values)| values).sum::<u64>();
            self.values.fetch_add(values, Ordering::Relaxed);
            self.count(table, column.name.name(), &outcomes);
        }
    }

    /// Tells the metrics how long workers have waited until now.
    pub fn tell_waits(&self) {
        for reason in WaitReason::ALL {
            self.metrics.throttled(reason, self.waits.total(reason));
        }
    }

    /// Something passing went wrong and is tried again.
    pub fn retried(&self, kind: Retry) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.metrics.retried(kind);
    }

    pub fn counts(&self) -> ProgressCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ProgressCounts {
            values: of(&self.values),
            resealed: of(&self.resealed),
            failed: of(&self.failed),
            conflicts: of(&self.conflicts),
            retries: of(&self.retries),
            failures: *self.failures(),
        }
    }

    fn failures(&self) -> MutexGuard<'_, FailureTally> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, table: &TablePlan, column: &str, outcomes: &[(Outcome, u64)]) {
        for (outcome, records) in outcomes {
            if *records > 0 {
                self.metrics.records(&table.relation.plain(), column, *outcome, *records);
            }
        }
    }
}
