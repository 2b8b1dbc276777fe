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
pub mod start;

// a process and its workers
pub mod context;
pub mod progress;
mod seal_budget;
mod throttle;
pub mod waits;
mod worker;

// a page: fetched, judged, committed
pub mod commit;
mod cursor;
mod failures;
mod fetch;
mod gone;
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
mod snapshot;
pub mod verify;
mod writers;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use self::context::{Context, Stop};
use crate::error::{Error, ExitCode, Result};

/// Lets every worker of this process work until the run has ended.
///
/// # Errors
/// The first that ended a worker; the others stop at their next page.
pub async fn work(context: Arc<Context>, stop_all: watch::Sender<bool>) -> Result<()> {
    let mut workers = JoinSet::new();
    for number in 1..=context.config.run.workers {
        workers.spawn(worker::work(Arc::clone(&context), number));
    }
    let mut first: Option<Error> = None;
    while let Some(ended) = workers.join_next().await {
        let result = ended.unwrap_or_else(|_| Err(Error::bug("a worker panicked")));
        if let Err(error) = result {
            // interrupted workers only follow the one that failed
            let is_follower = error.exit_code == ExitCode::Interrupted;
            if first.as_ref().is_none_or(|f| f.exit_code == ExitCode::Interrupted && !is_follower) {
                first = Some(error);
            }
            stop_all.send_replace(true);
        }
    }
    first.map_or(Ok(()), Err)
}

/// A stop that a signal or a failing worker raises.
pub fn stop() -> (watch::Sender<bool>, Stop) {
    let (sender, receiver) = watch::channel(false);
    (sender, Stop::new(receiver))
}
