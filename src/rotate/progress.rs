//! How far this process has come: counters that the progress bar reads. The truth is the ledger's.

use std::sync::atomic::{AtomicU64, Ordering};

use super::waits::Waits;
use crate::db::ledger::shard::Tally;

/// Values this process has committed, since it started, and what it waited for.
#[derive(Debug, Default)]
pub struct Progress {
    values: AtomicU64,
    resealed: AtomicU64,
    failed: AtomicU64,
    conflicts: AtomicU64,
    retries: AtomicU64,
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
}

impl Progress {
    /// A page was committed.
    pub fn add(&self, tally: &Tally) {
        let values = tally.current + tally.resealed + tally.failed + tally.conflicts;
        self.values.fetch_add(values, Ordering::Relaxed);
        self.resealed.fetch_add(tally.resealed, Ordering::Relaxed);
        self.failed.fetch_add(tally.failed, Ordering::Relaxed);
        self.conflicts.fetch_add(tally.conflicts, Ordering::Relaxed);
    }

    /// Values were read, and nothing was to be written.
    pub fn read(&self, values: u64) {
        self.values.fetch_add(values, Ordering::Relaxed);
    }

    /// Something passing went wrong and is tried again.
    pub fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub fn counts(&self) -> ProgressCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ProgressCounts {
            values: of(&self.values),
            resealed: of(&self.resealed),
            failed: of(&self.failed),
            conflicts: of(&self.conflicts),
            retries: of(&self.retries),
        }
    }
}
