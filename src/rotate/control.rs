//! What an operator asks of a run while it goes on: how fast each process is, and with how many workers.
//!
//! The ledger holds it, so that it reaches every process; one of the workers of each looks once a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::config::Config;
use crate::db::ledger::standing::AskedSettings;

/// How often a process looks into the ledger.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What holds for this process now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// 0 is no ceiling.
    pub rows_per_second: u64,
    pub workers: usize,
}

/// The settings of a process, and how they change.
#[derive(Debug)]
pub struct Control {
    /// What its own command said.
    own: Settings,
    now: watch::Sender<Settings>,
    /// A session is needed besides those of the workers.
    workers_max: usize,
    looked: Mutex<Option<Instant>>,
    rests: AtomicBool,
}

impl Control {
    pub fn new(config: &Config) -> Self {
        let run = &config.run;
        let own = Settings { rows_per_second: run.rows_per_second, workers: run.workers };
        Self {
            own,
            now: watch::Sender::new(own),
            workers_max: config.database.max_connections.saturating_sub(1).max(run.workers),
            looked: Mutex::new(None),
            rests: AtomicBool::new(false),
        }
    }

    pub fn settings(&self) -> Settings {
        *self.now.borrow()
    }

    /// Tells when the settings have changed.
    pub fn changes(&self) -> watch::Receiver<Settings> {
        self.now.subscribe()
    }

    /// Whether it is time to look again; who is told so looks.
    pub fn is_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
        if is_due {
            *looked = Some(Instant::now());
        }
        is_due
    }

    /// Takes over what the ledger says; the new settings when they are others.
    pub fn hear(&self, asked: AskedSettings) -> Option<Settings> {
        let workers = asked.workers.map_or(self.own.workers, |workers| workers as usize);
        let settings = Settings {
            rows_per_second: asked.rows_per_second.unwrap_or(self.own.rows_per_second),
            workers: workers.clamp(1, self.workers_max),
        };
        let changed = self.now.send_if_modified(|now| {
            let changed = *now != settings;
            *now = settings;
            changed
        });
        if changed && settings.workers < workers {
            tracing::warn!(
                target: "reseal", workers = settings.workers, wanted = workers,
                "max_connections is too small for so many workers"
            );
        }
        changed.then_some(settings)
    }

    /// Notes whether the run rests; true when that is news.
    pub fn rest(&self, rests: bool) -> bool {
        self.rests.swap(rests, Ordering::Relaxed) != rests
    }
}
