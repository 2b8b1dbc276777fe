//! Waiting for something to become true, with an end.

use std::time::{Duration, Instant};

/// How long a test waits for anything before it fails.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// How often it looks.
pub const INTERVAL: Duration = Duration::from_millis(10);

/// Asks `probe` again and again until it answers, and fails the test past the deadline.
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = Waiting::begin(what);
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        waiting.a_moment().await;
    }
}

/// A wait whose loop is the caller's: for tasks of their own, whose futures must be `Send`.
pub struct Waiting {
    what: String,
    deadline: Instant,
}

impl Waiting {
    pub fn begin(what: impl Into<String>) -> Self {
        Self { what: what.into(), deadline: Instant::now() + DEADLINE }
    }

    /// Until the next look; fails the test past the deadline.
    pub async fn a_moment(&self) {
        assert!(Instant::now() < self.deadline, "waited {DEADLINE:?} in vain for: {}", self.what);
        tokio::time::sleep(INTERVAL).await;
    }
}
