//! An operator's hand on a run: pause, resume, set, stop, budgets, and what the status says meanwhile.

mod support;

#[path = "control/budget.rs"]
mod budget;
#[path = "control/only.rs"]
mod only;
#[path = "control/pause.rs"]
mod pause;
#[path = "control/set.rs"]
mod set;
#[path = "control/stop.rs"]
mod stop;

use serde_json::Value;
use support::{Reseal, Rotation, eventually};

/// `pause`, `resume` or `set` about the only unfinished run; what it answers.
async fn told(rotation: &Rotation, words: &str) -> String {
    let outcome = Reseal::new(words).json().on(&rotation.database).run().await.expect(0).json();
    outcome["done"].as_str().expect("a text").to_owned()
}

/// Waits until the status is this.
async fn stands(rotation: &Rotation, status: &str) -> Value {
    eventually(status, async || {
        Some(rotation.status().await).filter(|report| report["status"] == status)
    })
    .await
}

/// How many values the run has resealed.
async fn resealed(rotation: &Rotation) -> i64 {
    rotation.status().await["resealed_records"].as_i64().expect("a number")
}

/// What the audit says was done to runs, in its order.
async fn events(rotation: &Rotation) -> Vec<String> {
    let events = "SELECT event FROM reseal.audit_event
                  WHERE event LIKE 'run %' OR event LIKE 'settings %' ORDER BY event_id";
    let rows = rotation.client().await.query(events, &[]).await.expect("the audit");
    rows.iter().map(|row| row.get(0)).collect()
}
