//! The application: writers of several kinds, half of them with the old key as long as it is in use. All of
//! them stop and go on together; what they have committed is in the journal.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinSet;

use super::journal::Journal;
use super::writer::{Kind, Writer};
use crate::support::{Dice, TestKey, open};

/// The keys that the application has.
#[derive(Clone)]
pub struct Keys {
    pub current: TestKey,
    pub previous: TestKey,
    /// A part of the application still seals with it.
    pub old_key_in_use: bool,
}

impl Keys {
    /// The plaintext, and whether the value is under the current key.
    pub fn open(&self, stored: &[u8]) -> Option<(Vec<u8>, bool)> {
        let under = |key| open(key, "go", b"", stored);
        under(&self.current)
            .map(|plaintext| (plaintext, true))
            .or_else(|| under(&self.previous).map(|plaintext| (plaintext, false)))
    }
}

/// What the writers have done.
#[derive(Debug, Default)]
pub struct Counts {
    pub transactions: AtomicU64,
    /// Rows inserted, updated and deleted by transactions that were committed.
    pub writes: AtomicU64,
    pub rolled_back: AtomicU64,
    pub timeouts: AtomicU64,
    pub lost_connections: AtomicU64,
    pub unknown_commits: AtomicU64,
    pub unknown_and_committed: AtomicU64,
}

/// What all writers share.
pub struct Shared {
    pub journal: Journal,
    pub counts: Counts,
    keys: Mutex<Keys>,
    /// Held by every transaction while it is under way.
    gate: Arc<RwLock<()>>,
    stops: AtomicBool,
}

impl Shared {
    pub fn keys(&self) -> Keys {
        self.keys.lock().expect("nobody panics with it").clone()
    }

    pub fn has_stopped(&self) -> bool {
        self.stops.load(Ordering::SeqCst)
    }

    /// Waits until transactions may begin.
    pub async fn admitted(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.gate).read_owned().await
    }
}

pub struct Application {
    shared: Arc<Shared>,
    writers: JoinSet<()>,
}

/// Which way a writer takes to the server.
pub struct Ways {
    pub direct: String,
    pub proxied: String,
}

impl Application {
    pub fn start(journal: Journal, keys: Keys, ways: &Ways, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            journal,
            counts: Counts::default(),
            keys: Mutex::new(keys),
            gate: Arc::default(),
            stops: AtomicBool::new(false),
        });
        let mut writers = JoinSet::new();
        for (number, kind) in (0..).zip(Kind::ALL.into_iter().flat_map(|kind| [kind; 2])) {
            let way = if number / 2 % 2 == 0 { &ways.direct } else { &ways.proxied };
            let dice = Dice::of(seed, number);
            let is_old = number % 2 == 0;
            let number = i32::try_from(number).expect("a few writers");
            let shared = Arc::clone(&shared);
            let writer = Writer::new(shared, number, kind, is_old, dice, way, &ways.direct);
            writers.spawn(writer.work());
        }
        Self { shared, writers }
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Fails the test when a writer has found something wrong.
    pub fn check(&mut self) {
        while let Some(ended) = self.writers.try_join_next() {
            ended.expect("a writer of the application goes on");
        }
    }

    /// Waits until no transaction is under way, and lets none begin as long as the guard lives.
    pub async fn quiet(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.shared.gate).write_owned().await
    }

    /// The part that still had the old key is restarted, and with it goes what it had read.
    pub async fn forget_the_old_key(&self) {
        let _quiet = self.quiet().await;
        self.shared.keys.lock().expect("nobody panics with it").old_key_in_use = false;
    }

    /// The current key becomes the old one; a transaction that is under way could not open what others seal
    /// under the new one.
    pub async fn rotate_keys(&self, new: TestKey) {
        let _quiet = self.quiet().await;
        self.shared.journal.forget_what_was_read().await;
        let mut keys = self.shared.keys.lock().expect("nobody panics with it");
        keys.previous = std::mem::replace(&mut keys.current, new);
        keys.old_key_in_use = true;
    }

    /// Lets every writer end its transaction, and fails the test when one has found something wrong.
    pub async fn stop(mut self) -> Arc<Shared> {
        self.shared.stops.store(true, Ordering::SeqCst);
        while let Some(ended) = self.writers.join_next().await {
            ended.expect("a writer of the application ends well");
        }
        self.shared
    }
}
