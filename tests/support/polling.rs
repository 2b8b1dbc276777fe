//! Waiting for something to become true, with an end.

use std::time::{Duration, Instant};

/// How long a test waits for anything before it fails.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// How often it looks.
pub const INTERVAL: Duration = Duration::from_millis(10);

/// Asks `probe` again and again until it answers, and fails the test past the deadline.
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {DEADLINE:?} in vain for: {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}
