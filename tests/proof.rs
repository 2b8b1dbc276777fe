//! `completed` is a statement about one moment, and true: nothing that was committed under a previous
//! key by then may have escaped the walk and its close.
#![cfg(feature = "failpoints")]

mod support;

#[path = "proof/held.rs"]
mod held;
#[path = "proof/load.rs"]
mod load;
#[path = "proof/verify.rs"]
mod verify;
#[path = "proof/walk.rs"]
mod walk;
#[path = "proof/writers.rs"]
mod writers;

use support::{Rotation, open};

/// The rows whose values the old key opens.
async fn old_rows(rotation: &Rotation) -> Vec<i64> {
    let rows = rotation.rows().await.into_iter();
    let is_old = |value: &[u8]| open(&rotation.old, "go", b"", value).is_some();
    rows.filter(|row| row.value.as_deref().is_some_and(is_old)).map(|row| row.id).collect()
}
