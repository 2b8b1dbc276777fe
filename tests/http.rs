//! What others see of a command while it works and after: metrics, health, status and the live page, whom
//! they are shown to, what is pushed at the end; and the services that are asked before it begins.
#![cfg(feature = "failpoints")]
#![allow(clippy::panic, reason = "a test that fails may say so by a panic")]

mod support;

#[path = "http/callers.rs"]
mod callers;
#[path = "http/documents.rs"]
mod documents;
#[path = "http/end.rs"]
mod end;
#[path = "http/gate.rs"]
mod gate;
#[path = "http/metrics.rs"]
mod metrics;
#[path = "http/paths.rs"]
mod paths;

use std::net::SocketAddr;

use support::{Hold, Reseal, Rotation, Running, http};

const METRICS: &str = "/metrics";
const STATUS: &str = "/v1/admin/crypto/re-encrypt";

/// A run that listens on a free port of loopback.
fn listening_run(rotation: &Rotation) -> Reseal {
    rotation.run().arg("--listen").arg("127.0.0.1:0")
}

/// The same, still there after its end.
fn lingering_run(rotation: &Rotation) -> Reseal {
    listening_run(rotation).arg("--linger").arg("1h")
}

/// Holds a command at a point, and says where it listens.
async fn held(point: &str, command: Reseal) -> (Hold, Running, SocketAddr) {
    let (hold, mut running) = Hold::at(point, command).await;
    let address = http::listening(&mut running).await;
    (hold, running, address)
}

/// Starts a command and says where it lingers after its end.
async fn lingering(command: Reseal) -> (Running, SocketAddr) {
    let mut running = command.spawn();
    let address = http::listening(&mut running).await;
    support::eventually("the command lingers", async || {
        let said = running.stderr_so_far();
        assert!(said.contains("lingering") || !running.has_ended(), "it ended: {said}");
        said.contains("lingering").then_some(())
    })
    .await;
    (running, address)
}

/// Ends a lingering command.
async fn ended(running: Running) -> support::Outcome {
    running.signal("TERM");
    running.wait().await
}
