//! Why the workers of this process wait, and for how long they have: for the progress bar, the log and the
//! metrics. Knows nothing of what it is that they wait for.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::db::ledger::standing::WaitsFor;

/// Why a worker waits although there is work. The list is closed, and the names are stable: they stand in
/// logs, metrics and the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// An operator let the run rest.
    Paused,
    /// A standby has not replayed what was written.
    StandbyLag,
    /// The server has not archived what was written.
    ArchiveBacklog,
    /// The user's own SQL says so.
    Query,
    /// The ceiling of rewritten rows a second.
    RowsPerSecond,
}

impl WaitReason {
    /// Every reason; where several hold at once, the first of them is told.
    pub const ALL: [Self; 5] =
        [Self::Paused, Self::StandbyLag, Self::ArchiveBacklog, Self::Query, Self::RowsPerSecond];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::StandbyLag => "standby_lag",
            Self::ArchiveBacklog => "archive_backlog",
            Self::Query => "query",
            Self::RowsPerSecond => "rows_per_second",
        }
    }
}

/// A reason, and what it is about in people's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    pub reason: WaitReason,
    /// `waits for standby replica-1: 12 s behind`; names no row and no value.
    pub text: String,
}

impl Wait {
    pub fn for_ledger(&self) -> WaitsFor<'_> {
        WaitsFor { reason: self.reason.as_str(), text: &self.text }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The waits of one process, over all its workers.
#[derive(Debug, Default)]
pub struct Waits([Mutex<Waited>; WaitReason::ALL.len()]);

/// What is known of one reason.
#[derive(Debug, Default)]
struct Waited {
    /// How many workers wait now.
    workers: usize,
    /// Since when at least one does.
    since: Option<Instant>,
    text: String,
    /// Of all waits that have ended.
    total: Duration,
}

impl Waited {
    fn total(&self) -> Duration {
        self.total + self.since.map(|since| since.elapsed()).unwrap_or_default()
    }
}

impl Waits {
    /// A worker waits, until what is returned is dropped.
    #[must_use]
    pub fn begin(&self, wait: Wait) -> Waiting<'_> {
        let mut waited = self.of(wait.reason);
        waited.workers += 1;
        waited.since.get_or_insert_with(Instant::now);
        waited.text = wait.text;
        Waiting { waits: self, reason: wait.reason }
    }

    /// How long this process has waited for this reason: the time in which at least one worker did, the wait
    /// that goes on now included.
    pub fn total(&self, reason: WaitReason) -> Duration {
        self.of(reason).total()
    }

    /// What is waited for now, and since when; of several reasons the first.
    pub fn now(&self) -> Option<(Wait, Duration)> {
        WaitReason::ALL.into_iter().find_map(|reason| {
            let waited = self.of(reason);
            let since = waited.since?;
            Some((Wait { reason, text: waited.text.clone() }, since.elapsed()))
        })
    }

    fn of(&self, reason: WaitReason) -> MutexGuard<'_, Waited> {
        self.0[reason as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One worker's wait, as long as it lives.
#[derive(Debug)]
pub struct Waiting<'w> {
    waits: &'w Waits,
    reason: WaitReason,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waited = self.waits.of(self.reason);
        waited.workers -= 1;
        if waited.workers == 0
            && let Some(since) = waited.since.take()
        {
            waited.total += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(reason: WaitReason) -> Wait {
        Wait { reason, text: format!("waits: {}", reason.as_str()) }
    }

    #[test]
    fn the_reasons_stand_in_the_order_of_their_places() {
        for (place, reason) in WaitReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
    }

    #[test]
    fn workers_that_wait_together_wait_once() {
        let waits = Waits::default();
        assert_eq!(waits.total(WaitReason::Query), Duration::ZERO);
        let begun = Instant::now();
        let first = waits.begin(wait(WaitReason::Query));
        let second = waits.begin(wait(WaitReason::Query));
        std::thread::sleep(Duration::from_millis(5));
        assert!(waits.total(WaitReason::Query) >= Duration::from_millis(5), "while it goes on");
        drop(first);
        assert!(waits.now().is_some(), "the other one still waits");
        drop(second);
        let (total, elapsed) = (waits.total(WaitReason::Query), begun.elapsed());
        assert!(total >= Duration::from_millis(5) && total <= elapsed, "{total:?} of {elapsed:?}");
        assert_eq!(waits.total(WaitReason::Query), total, "it has ended");
        assert_eq!(waits.now(), None);
    }

    #[test]
    fn of_several_reasons_the_first_is_told() {
        let waits = Waits::default();
        let _rate = waits.begin(wait(WaitReason::RowsPerSecond));
        let paused = waits.begin(wait(WaitReason::Paused));
        let told = |waits: &Waits| waits.now().expect("it waits").0;
        assert_eq!(told(&waits), wait(WaitReason::Paused));
        drop(paused);
        assert_eq!(told(&waits), wait(WaitReason::RowsPerSecond));
    }
}
