//! A service that rewrites, inserts, deletes and moves rows all the while, and remembers of every row
//! what it wrote last.
//!
//! Rows are known by their place in a list, whatever their keys become. A worker locks what it
//! remembers of a row before it touches the row, so what is remembered is what was committed last;
//! against the job nothing protects it but the job's own care.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinSet;
use tokio_postgres::{Client, Transaction};

use crate::support::{Dice, Rotation, TestKey, open, seal};

/// What the service remembers of one row.
struct Known {
    /// `None` once it is deleted.
    id: Option<i64>,
    plaintext: Vec<u8>,
    /// A ciphertext that was read from it some time ago.
    read: Option<Vec<u8>>,
}

/// What all workers of the service share.
struct Shared {
    rows: Vec<Arc<Mutex<Known>>>,
    old: TestKey,
    new: TestKey,
    next_id: AtomicI64,
    knows_old_key: AtomicBool,
    stops: AtomicBool,
    committed: AtomicU64,
}

pub struct Service {
    shared: Arc<Shared>,
    workers: JoinSet<()>,
}

impl Service {
    /// Over rows 1 to `rows`, as they stand.
    pub async fn start(rotation: &Rotation, rows: i64, workers: u64) -> Self {
        let stored = rotation.rows().await.into_iter();
        let known = stored.map(|row| {
            let read = row.value.expect("no NULL in this test");
            let plaintext = open(&rotation.old, "go", b"", &read).expect("an old value");
            Arc::new(Mutex::new(Known { id: Some(row.id), plaintext, read: Some(read) }))
        });
        let shared = Arc::new(Shared {
            rows: known.collect(),
            old: rotation.old.clone(),
            new: rotation.new.clone(),
            next_id: AtomicI64::new(rows + 1),
            knows_old_key: AtomicBool::new(true),
            stops: AtomicBool::new(false),
            committed: AtomicU64::new(0),
        });
        let mut set = JoinSet::new();
        for number in 0..workers {
            let worker = Worker {
                shared: Arc::clone(&shared),
                dice: Dice::of(0, number),
                has_old_key: number % 2 == 0,
            };
            set.spawn(worker.work(rotation.client().await));
        }
        Self { shared, workers: set }
    }

    /// The part that still had it is restarted, and with it goes what it had read under it.
    pub fn forget_the_old_key(&self) {
        self.shared.knows_old_key.store(false, Ordering::SeqCst);
    }

    /// Transactions so far.
    pub fn committed(&self) -> u64 {
        self.shared.committed.load(Ordering::SeqCst)
    }

    /// Stops, and answers what it wrote last, by row id; fails when any of its statements had failed.
    pub async fn stop(mut self) -> BTreeMap<i64, Vec<u8>> {
        self.shared.stops.store(true, Ordering::SeqCst);
        while let Some(worker) = self.workers.join_next().await {
            worker.expect("no transaction of the application fails");
        }
        let mut written = BTreeMap::new();
        for known in &self.shared.rows {
            let known = known.lock().await;
            written.extend(known.id.map(|id| (id, known.plaintext.clone())));
        }
        written
    }
}

struct Worker {
    shared: Arc<Shared>,
    dice: Dice,
    /// Belongs to the part that seals with the old key as long as it knows it.
    has_old_key: bool,
}

impl Worker {
    async fn work(mut self, mut client: Client) {
        while !self.shared.stops.load(Ordering::SeqCst) {
            // in the order of the list, so that two workers never wait for each other in a circle …
            let mut chosen: Vec<usize> =
                (0..=self.dice.below(3)).map(|_| self.dice.below(self.shared.rows.len())).collect();
            chosen.sort_unstable();
            chosen.dedup();
            let mut known = Vec::new();
            for place in chosen {
                known.push(Arc::clone(&self.shared.rows[place]).lock_owned().await);
            }
            // … and then in any order, across the pages of the job
            if self.dice.below(2) == 0 {
                known.reverse();
            }
            let transaction = client.transaction().await.expect("a transaction");
            for known in &mut known {
                self.touch(&transaction, known).await;
            }
            transaction.commit().await.expect("a commit");
            self.shared.committed.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Does one thing to one row.
    async fn touch(&mut self, transaction: &Transaction<'_>, known: &mut OwnedMutexGuard<Known>) {
        let Some(id) = known.id else {
            let id = self.shared.next_id.fetch_add(1, Ordering::SeqCst);
            let (plaintext, value) = self.fresh(id);
            let insert = "INSERT INTO secrets (id, value) VALUES ($1, $2)";
            transaction.execute(insert, &[&id, &value]).await.expect("an insert");
            **known = Known { id: Some(id), plaintext, read: None };
            return;
        };
        let changed = match self.dice.below(10) {
            0 => {
                known.id = None;
                transaction.execute("DELETE FROM secrets WHERE id = $1", &[&id]).await
            }
            1 => {
                let moved = self.shared.next_id.fetch_add(1, Ordering::SeqCst);
                // some to the front, where the job has been
                let moved = if self.dice.below(2) == 0 { -moved } else { moved };
                known.id = Some(moved);
                let update = "UPDATE secrets SET id = $2 WHERE id = $1";
                transaction.execute(update, &[&id, &moved]).await
            }
            2..=3 => {
                let read = "SELECT value FROM secrets WHERE id = $1";
                let row = transaction.query_one(read, &[&id]).await.expect("the row is there");
                known.read = row.get(0);
                Ok(1)
            }
            4..=5 => match known.read.take().and_then(|value| self.written_back(value)) {
                Some((plaintext, value)) => {
                    known.plaintext = plaintext;
                    self.update(transaction, id, &value).await
                }
                None => Ok(1),
            },
            _ => {
                let (plaintext, value) = self.fresh(id);
                known.plaintext = plaintext;
                self.update(transaction, id, &value).await
            }
        };
        assert_eq!(changed.expect("no statement fails"), 1, "row {id} is not where it was put");
    }

    /// Half of the updates keep the version column, half ignore it.
    async fn update(
        &mut self,
        transaction: &Transaction<'_>,
        id: i64,
        value: &[u8],
    ) -> Result<u64, tokio_postgres::Error> {
        let update = if self.dice.below(2) == 0 {
            "UPDATE secrets SET value = $2, version = version + 1 WHERE id = $1"
        } else {
            "UPDATE secrets SET value = $2 WHERE id = $1"
        };
        transaction.execute(update, &[&id, &value]).await
    }

    /// A plaintext that nobody wrote before, sealed.
    fn fresh(&mut self, id: i64) -> (Vec<u8>, Vec<u8>) {
        let plaintext = format!("row {id}, said {}", self.dice.throw()).into_bytes();
        let key = if self.seals_with_old_key() { &self.shared.old } else { &self.shared.new };
        let value = seal(key, "go", b"", &plaintext);
        (plaintext, value)
    }

    /// What was read earlier, byte for byte, as long as this part of the service may still hold it.
    fn written_back(&self, value: Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
        if let Some(plaintext) = open(&self.shared.new, "go", b"", &value) {
            return Some((plaintext, value));
        }
        let plaintext = open(&self.shared.old, "go", b"", &value).expect("one of the two keys");
        self.seals_with_old_key().then_some((plaintext, value))
    }

    fn seals_with_old_key(&self) -> bool {
        self.has_old_key && self.shared.knows_old_key.load(Ordering::SeqCst)
    }
}
