//! What integration tests stand on: a throwaway server, a database of one's own, the real binary,
//! and values sealed and opened by a second implementation.
#![allow(dead_code, unused_imports, reason = "every test crate includes all of it and uses a part")]

mod database;
mod polling;
mod reseal;
mod rotation;
mod terms;
mod values;

pub use database::{TestDatabase, become_standby, private_server, shared_server};
pub use polling::{DEADLINE, eventually};
pub use reseal::{Outcome, Reseal, Running};
pub use rotation::{Failpoints, Rotation, StoredRow};
pub use terms::{READ, WRITE, connect};
pub use values::{TestKey, open, seal, seal_with_crate};
