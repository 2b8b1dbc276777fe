//! What integration tests stand on: a throwaway server, a database of one's own, the real binary,
//! and values sealed and opened by a second implementation.
//!
//! Every test crate includes this module and uses a part of it, hence the `allow`s.
#![allow(dead_code, unused_imports)]

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
