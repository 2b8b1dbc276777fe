//! What integration tests stand on: a throwaway server, a database of one's own, the real binary,
//! and values sealed and opened by a second implementation.
#![allow(
    dead_code,
    unused_imports,
    reason = "every test crate includes this module and uses a part of it"
)]
#![allow(
    clippy::panic,
    clippy::let_underscore_must_use,
    reason = "a test fails by a panic, and tidying up afterwards is worth no failure"
)]

mod database;
mod dice;
mod hold;
pub mod http;
mod pgbouncer;
mod polling;
mod relay;
mod reseal;
mod rotation;
mod rows;
mod terms;
mod values;
mod vault;

pub use database::{
    TestDatabase, become_standby, private_server, shared_server, streaming_standby,
};
pub use dice::Dice;
pub use hold::Hold;
pub use pgbouncer::PgBouncer;
pub use polling::{DEADLINE, Waiting, eventually};
pub use relay::{hide_mark, relayed, silenced};
pub use reseal::{Outcome, Reseal, Running};
pub use rotation::{Failpoints, Rotation, StoredRow};
pub use rows::{Row, Rows};
pub use terms::{READ, WRITE, connect};
pub use values::{StoredParts, TestKey, open, seal, seal_with_crate};
pub use vault::{Cells, Vault};
