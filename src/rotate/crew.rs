//! The workers of this process: as many as are wanted now, until the run has ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::context::Context;
use super::stop::{StopCause, StopSwitch};
use super::worker::{self, Left};
use crate::error::{Error, ExitCode, Result};

/// Lets workers work until the run has ended.
///
/// # Errors
/// The first that ended a worker; the others stop at their next page.
pub async fn work(context: Arc<Context>, stop_all: StopSwitch) -> Result<()> {
    let mut crew = Crew { context, at_work: BTreeSet::new(), tasks: JoinSet::new() };
    let mut changes = crew.context.control.changes();
    let mut first: Option<Error> = None;
    let mut goes_on = true;
    loop {
        if goes_on {
            crew.fill();
        }
        let ended = tokio::select! {
            ended = crew.tasks.join_next() => ended,
            _ = changes.changed() => continue,
        };
        let Some(ended) = ended else { return first.map_or(Ok(()), Err) };
        match ended.unwrap_or_else(|_| Err(Error::bug("a worker panicked"))) {
            Ok(Left::Retired(number)) => drop(crew.at_work.remove(&number)),
            Ok(Left::RunEnded) => goes_on = false,
            Err(error) => {
                goes_on = false;
                // interrupted workers only follow the one that failed
                let is_follower = error.exit_code == ExitCode::Interrupted;
                let is_better = |f: &Error| f.exit_code == ExitCode::Interrupted && !is_follower;
                if first.as_ref().is_none_or(is_better) {
                    first = Some(error);
                }
                stop_all.raise(StopCause::Asked);
            }
        }
    }
}

struct Crew {
    context: Arc<Context>,
    at_work: BTreeSet<usize>,
    tasks: JoinSet<Result<Left>>,
}

impl Crew {
    /// Starts whoever is missing. Who is too many leaves at the end of its page.
    fn fill(&mut self) {
        for number in 1..=self.context.control.settings().workers {
            if self.at_work.insert(number) {
                self.tasks.spawn(worker::work(Arc::clone(&self.context), number));
            }
        }
    }
}
