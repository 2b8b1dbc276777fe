//! A run that is torn out of its work, by whatever: the same command goes on, the data is right, and
//! nothing is counted or written twice.
#![cfg(feature = "failpoints")]

mod support;

#[path = "crash/killed.rs"]
mod killed;
#[path = "crash/processes.rs"]
mod processes;
#[path = "crash/server.rs"]
mod server;
#[path = "crash/sessions.rs"]
mod sessions;

use serde_json::Value;
use support::Rotation;

/// Six pages of key order and an empty one.
const ROWS: i64 = 600;

/// Fails the test unless the counts are those of a run that nothing disturbed.
#[track_caller]
fn expect_undisturbed_counts(status: &Value) {
    let count = |name: &str| status[name].as_i64().expect(name);
    let counts = ["total_records", "processed_records", "resealed_records"].map(count);
    assert_eq!(counts, [ROWS; 3], "{status}");
    let others = ["failed_records", "conflicts", "remaining_records"].map(count);
    assert_eq!(others, [0; 3], "{status}");
    assert_eq!(status["status"], "completed", "{status}");
}

/// Fails the test unless all is as after a run that nothing disturbed.
async fn expect_undisturbed(rotation: &Rotation, status: &Value) {
    expect_undisturbed_counts(status);
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
}

#[tokio::test]
async fn a_run_that_nothing_disturbs() {
    let rotation = Rotation::of(ROWS).await;
    let status = rotation.run().run().await.expect(0).json();
    expect_undisturbed(&rotation, &status).await;
}
