//! The application at work in a task of its own, until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::Application;
use super::work::Act;
use crate::error::{Error, Result};

/// Time from one act to the next: a few hundred a second, so that it is seen but not in the way.
const PACE: Duration = Duration::from_millis(2);

/// What the application has done so far.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    pub writes: u64,
    pub reads: u64,
    /// The longest that any one statement took, waits for our locks included.
    pub longest: Duration,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    forget_previous: AtomicBool,
    writes: AtomicU64,
    reads: AtomicU64,
    longest_us: AtomicU64,
}

/// A running application; dropping it stops it.
pub struct LiveApplication {
    shared: Arc<Shared>,
    task: JoinHandle<Result<Application>>,
}

impl LiveApplication {
    pub fn start(application: Application) -> Self {
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(work(application, Arc::clone(&shared)));
        Self { shared, task }
    }

    pub fn activity(&self) -> Activity {
        Activity {
            writes: self.shared.writes.load(Ordering::Relaxed),
            reads: self.shared.reads.load(Ordering::Relaxed),
            longest: Duration::from_micros(self.shared.longest_us.load(Ordering::Relaxed)),
        }
    }

    /// The services are restarted with the current key alone.
    pub fn forget_previous_key(&self) {
        self.shared.forget_previous.store(true, Ordering::Relaxed);
    }

    /// An error as soon as the application met one: a value it could not read, a row that is gone.
    pub async fn check(&mut self) -> Result<()> {
        if self.task.is_finished() {
            // It only ends by itself when something went wrong.
            ended((&mut self.task).await)?;
        }
        Ok(())
    }

    /// Waits until it has read so many more values, and written as it went along.
    pub async fn do_more_reads(&mut self, reads: u64) -> Result<()> {
        let goal = self.activity().reads + reads;
        while self.activity().reads < goal {
            self.check().await?;
            tokio::time::sleep(PACE).await;
        }
        Ok(())
    }

    /// Lets the act in hand end.
    pub async fn stop(mut self) -> Result<Application> {
        self.shared.stop.store(true, Ordering::Relaxed);
        ended((&mut self.task).await)
    }
}

impl Drop for LiveApplication {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn work(mut application: Application, shared: Arc<Shared>) -> Result<Application> {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !shared.stop.load(Ordering::Relaxed) {
        pace.tick().await;
        if shared.forget_previous.load(Ordering::Relaxed) {
            application.keys.forget_previous();
        }
        let started = Instant::now();
        let act = application.act().await?;
        let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        shared.longest_us.fetch_max(took_us, Ordering::Relaxed);
        match act {
            Act::Write => shared.writes.fetch_add(1, Ordering::Relaxed),
            Act::Read => shared.reads.fetch_add(1, Ordering::Relaxed),
        };
    }
    Ok(application)
}

fn ended(
    task: std::result::Result<Result<Application>, tokio::task::JoinError>,
) -> Result<Application> {
    task.unwrap_or_else(|_| Err(Error::bug("the demo's application panicked")))
}
