//! How often each service was called, how long that took, and how often it went wrong.
//!
//! Counted for the whole process: its metrics are those of all its runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::uri::Service;

/// Of one service, since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Attempts, whatever came of them.
    pub calls: u64,
    /// Time between request and answer, of all attempts together.
    pub waited: Duration,
    /// Attempts that were answered by "slow down".
    pub throttles: u64,
    /// Attempts that failed otherwise.
    pub errors: u64,
}

struct Counters {
    calls: AtomicU64,
    microseconds: AtomicU64,
    throttles: AtomicU64,
    errors: AtomicU64,
}

impl Counters {
    const fn zero() -> Self {
        let (calls, microseconds) = (AtomicU64::new(0), AtomicU64::new(0));
        let (throttles, errors) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { calls, microseconds, throttles, errors }
    }
}

static COUNTERS: [Counters; Service::ALL.len()] = [const { Counters::zero() }; Service::ALL.len()];

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered,
    Throttled,
    Failed,
}

pub(super) fn note(service: Service, outcome: Outcome, waited: Duration) {
    let counters = &COUNTERS[service as usize];
    counters.calls.fetch_add(1, Ordering::Relaxed);
    let microseconds = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
    counters.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    match outcome {
        Outcome::Answered => 0,
        Outcome::Throttled => counters.throttles.fetch_add(1, Ordering::Relaxed),
        Outcome::Failed => counters.errors.fetch_add(1, Ordering::Relaxed),
    };
}

/// The figures of a service so far.
pub fn figures(service: Service) -> Figures {
    let counters = &COUNTERS[service as usize];
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Figures {
        calls: read(&counters.calls),
        waited: Duration::from_micros(read(&counters.microseconds)),
        throttles: read(&counters.throttles),
        errors: read(&counters.errors),
    }
}
