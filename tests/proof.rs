//! `completed` is a statement about one moment, and true: nothing that was committed under a previous
//! key by then may have escaped the walk and its close.

mod support;

#[path = "proof/held.rs"]
mod held;
#[path = "proof/writers.rs"]
mod writers;

use support::{Rotation, eventually, open};

/// Waits until the walk is done and the close is in somebody's hands.
async fn is_closing(rotation: &Rotation) {
    let client = rotation.client().await;
    eventually("the walk is done and the close is claimed", async || {
        // before the ledger exists this is an error, and no answer
        let closing = "SELECT FROM reseal.checkpoint AS c JOIN reseal.run AS r USING (run_id, pass)
                       WHERE c.step = 'close' AND c.owner IS NOT NULL AND NOT EXISTS (
                           SELECT FROM reseal.checkpoint AS w
                           WHERE w.run_id = c.run_id AND w.pass = c.pass
                             AND w.step = 'walk' AND NOT w.done)";
        client.query_opt(closing, &[]).await.ok().flatten()
    })
    .await;
}

/// The rows whose values the old key opens.
async fn old_rows(rotation: &Rotation) -> Vec<i64> {
    let rows = rotation.rows().await.into_iter();
    let is_old = |value: &[u8]| open(&rotation.old, "go", b"", value).is_some();
    rows.filter(|row| row.value.as_deref().is_some_and(is_old)).map(|row| row.id).collect()
}
