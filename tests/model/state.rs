//! The state of everything at one instant: server, workers, application, and what an observer was told.

use super::application::Transaction;
use super::close::Closing;
use super::ledger::{Ledger, RunState, Shard};
use super::scope::Scope;
use super::table::{Key, Place, Table, Xid};
use super::worker::Worker;

/// What has been committed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Database {
    pub table: Table,
    pub ledger: Ledger,
    pub next_xid: Xid,
}

/// What may still go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    pub leases: u8,
    pub losses: u8,
    pub crashes: u8,
}

/// What an observer knows, and the protocol does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Witness {
    /// A write of the job put an older plaintext over a newer one.
    pub lost_update: bool,
    /// The operator was told `completed`, and whether that was true at the moment of the proof.
    pub completed: Option<bool>,
}

/// Everything at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub database: Database,
    /// What a crash would leave: a beginning of the WAL. `None` when no crash can come any more.
    pub disk: Option<Database>,
    pub workers: Vec<Worker>,
    pub transactions: Vec<Transaction>,
    /// How often the server has crashed.
    pub incarnation: u8,
    pub budget: Budget,
    pub witness: Witness,
}

impl State {
    /// The rows are there, the run has started, nobody is at work.
    pub fn before(scope: &Scope) -> Self {
        let (first_key, xmin) = (2, 1);
        let table = Table::of(scope.rows, first_key, xmin);
        // a run that begins with its proof opens it as it opens every other pass: when the last is done
        let shard = Shard { done: !scope.reseals_first, ..Shard::default() };
        let pass = u8::from(scope.reseals_first);
        let ledger = Ledger { run: RunState::Running, pass, shard, close: None };
        let database = Database { table, ledger, next_xid: xmin + 1 };
        Self {
            disk: (scope.crashes > 0).then(|| database.clone()),
            database,
            workers: vec![Worker::Idle; scope.workers],
            transactions: scope.transactions.iter().map(|(_, n)| Transaction::new(*n)).collect(),
            incarnation: 0,
            budget: Budget { leases: scope.leases, losses: scope.losses, crashes: scope.crashes },
            witness: Witness::default(),
        }
    }

    pub fn assign_xid(&mut self) -> Xid {
        self.database.next_xid += 1;
        self.database.next_xid - 1
    }

    /// `pg_snapshot_xmin`: every transaction below it has ended. Those of the job begin and end
    /// in one step.
    pub fn snapshot_xmin(&self) -> Xid {
        let open = self.transactions.iter().filter_map(Transaction::xid);
        open.min().unwrap_or(self.database.next_xid)
    }

    /// Whether an open transaction holds the row that lies there.
    pub fn is_held(&self, place: Place) -> bool {
        self.transactions.iter().any(|transaction| transaction.holds(place))
    }

    /// A durable commit, or the WAL writer: everything committed so far is on disk.
    pub fn flush_wal(&mut self) -> Option<()> {
        self.disk.as_mut()?.clone_from(&self.database);
        Some(())
    }

    /// What promise 5 says of this moment: every committed value opens with the current key, and nobody
    /// who had written before the end of the walk is still open.
    pub fn is_proved(&self) -> bool {
        self.database.table.rows().all(|row| row.version.value.key == Key::Current)
            && !self.transactions.iter().any(|transaction| transaction.wrote_before_walk_end)
    }

    /// Whether nothing that needs a previous key has come back since a snapshot with this xmin: whatever
    /// needs one was written later.
    pub fn is_unchanged_below(&self, xmin: Xid) -> bool {
        self.database.table.rows().all(|row| !row.needs_previous_key() || row.version.xmin >= xmin)
    }

    /// The closes that are being worked on.
    pub fn closings(&self) -> impl Iterator<Item = &Closing> {
        self.workers.iter().filter_map(|worker| match worker {
            Worker::Closing(closing) => Some(closing),
            _ => None,
        })
    }

    /// The walk ends now: who has written and is open, is one of those the proof speaks of.
    pub fn walk_ends(&mut self) {
        for transaction in &mut self.transactions {
            transaction.wrote_before_walk_end |= transaction.has_written();
        }
    }
}
