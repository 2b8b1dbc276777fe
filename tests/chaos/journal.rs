//! What the application has committed: the truth that the judge compares with.
//!
//! Rows are known by their place in the journal, whatever their keys become. Whoever is about to touch a
//! row holds its page of the journal until it knows whether its transaction was committed, so what stands
//! there is what was committed last. Against the job nothing protects the rows but the job's own care.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// What is known of one row.
#[derive(Clone, Debug)]
pub struct Known {
    /// `None` while there is no such row.
    pub id: Option<i64>,
    pub plaintext: Vec<u8>,
    /// When the COMMIT that put its value there was answered.
    pub written: SystemTime,
    /// A stored value that was read from it some time ago.
    pub read: Option<Vec<u8>>,
}

/// A row that a transaction is about to change, and what will be known of it if that is committed.
pub struct Touched {
    known: OwnedMutexGuard<Known>,
    pub after: Known,
    /// Its value was written, not only its key or nothing at all.
    pub has_new_value: bool,
    /// Statements that changed it.
    pub writes: u64,
}

impl Touched {
    /// What was committed last.
    pub fn before(&self) -> &Known {
        &self.known
    }

    pub fn commit(mut self) {
        if self.has_new_value {
            self.after.written = SystemTime::now();
        }
        *self.known = self.after;
    }
}

/// Every row, and the ids that are still to be given.
pub struct Journal {
    rows: Vec<Arc<Mutex<Known>>>,
    next_id: AtomicI64,
}

impl Journal {
    /// Of rows with these ids and plaintexts, as they were committed.
    pub fn of(rows: impl IntoIterator<Item = (i64, Vec<u8>)>) -> Self {
        let known = |(id, plaintext)| Known {
            id: Some(id),
            plaintext,
            written: SystemTime::UNIX_EPOCH,
            read: None,
        };
        let rows: Vec<Known> = rows.into_iter().map(known).collect();
        let last = rows.iter().filter_map(|row| row.id).max().unwrap_or(0);
        let rows = rows.into_iter().map(|row| Arc::new(Mutex::new(row))).collect();
        Self { rows, next_id: AtomicI64::new(last + 1) }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// An id that nobody had.
    pub fn new_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::SeqCst)
    }

    /// The rows at these places. Everybody takes them in the order of the journal, so that the application
    /// never waits for itself in a circle.
    pub async fn touch(&self, mut places: Vec<usize>) -> Vec<Touched> {
        places.sort_unstable();
        places.dedup();
        let mut touched = Vec::new();
        for place in places {
            let known = Arc::clone(&self.rows[place]).lock_owned().await;
            let after = known.clone();
            touched.push(Touched { known, after, has_new_value: false, writes: 0 });
        }
        touched
    }

    /// What every row must hold; waits for transactions that are under way, one by one.
    pub async fn committed(&self) -> BTreeMap<i64, Vec<u8>> {
        let mut committed = BTreeMap::new();
        for row in &self.rows {
            let row = row.lock().await;
            committed.extend(row.id.map(|id| (id, row.plaintext.clone())));
        }
        committed
    }

    /// Stored values that were read are worth nothing once their key is gone.
    pub async fn forget_what_was_read(&self) {
        for row in &self.rows {
            row.lock().await.read = None;
        }
    }

    /// The place of the row that now has this id.
    pub async fn place_of(&self, id: i64) -> Option<usize> {
        for (place, row) in self.rows.iter().enumerate() {
            if row.lock().await.id == Some(id) {
                return Some(place);
            }
        }
        None
    }
}
