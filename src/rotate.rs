//! The run: passes over all shards of all tables, then the proof.
//!
//! ```text
//! start ─► claim a shard ─► fetch page ─► judge ─► commit page ─► … shard done ─► next shard
//!               ▲            read only    rayon,    one transaction:                │
//!               │                         pure      fence, rows, checkpoint         │
//!               └────────── next pass ◄────────────────────────────────────────────┘
//!                               └─► proof: walk, then close (wait, look, end)
//! ```
//!
//! This room knows no configuration file and prints nothing; what happened is in the ledger.

// a run: found or made, cut into shards, ended
pub mod audited;
pub mod ending;
mod passes;
pub mod points;
pub mod start;

// a process and its workers
mod budget;
pub mod context;
pub mod control;
mod crew;
pub mod progress;
pub mod run_keys;
mod seal_budget;
pub mod stop;
pub mod throttle;
pub mod waits;
mod worker;

// a page: fetched, judged, committed
pub mod commit;
mod cursor;
mod elsewhere;
mod failures;
mod fetch;
mod gone;
mod hold;
mod judge;
mod narrow;
mod page;
mod raised;
mod settle;
mod sift;
mod size;
pub mod statements;
mod sweep;
mod tally;
mod walk;

// the proof
mod close;
mod shown;
mod snapshot;
pub mod verify;
mod writers;

pub use crew::work;
