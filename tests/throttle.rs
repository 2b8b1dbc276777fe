//! What holds a run back: each cause with a real one, and what is said meanwhile.

mod support;

#[path = "throttle/archive.rs"]
mod archive;
#[path = "throttle/query.rs"]
mod query;
#[path = "throttle/standby.rs"]
mod standby;

use serde_json::Value;
use support::{Reseal, Rotation, Running, eventually};

/// Waits until the run says that it waits for this; what its status says then.
async fn held(rotation: &Rotation, running: &mut Running, reason: &str) -> Value {
    eventually(reason, async || {
        assert!(!running.has_ended(), "it ended: {}", running.stderr_so_far());
        let status = rotation.status().await;
        (status["waiting"][0]["reason"] == reason).then_some(status)
    })
    .await
}

/// The text of what is waited for.
fn text(status: &Value) -> &str {
    status["waiting"][0]["text"].as_str().expect("a text")
}

/// How many rows the job has written.
async fn written(rotation: &Rotation) -> usize {
    rotation.rows().await.iter().filter(|row| row.writes > 0).count()
}

/// The plan refuses with these words, and so does the run, which writes nothing.
async fn refused(rotation: &Rotation, words: impl Fn(Reseal) -> Reseal, what: &str) {
    for command in ["plan", "run"] {
        let outcome = words(rotation.command(command)).run().await.expect(3);
        assert!(outcome.stderr.contains(what), "{command}: {}", outcome.stderr);
    }
    assert_eq!(written(rotation).await, 0);
}
