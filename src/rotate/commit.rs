//! The transaction that writes a page: the only room that writes to user tables.
//!
//! The checkpoint first (fenced by epoch and position, run still wanted), then one set-based UPDATE that
//! matches key, xmin and table, then failures, deferred constraints, COMMIT. From the first row lock to
//! the last waiting statement at most half of the server's `deadlock_timeout` passes, so that we and
//! not the application lose a deadlock.

mod attempt;
mod batch;
pub mod statements;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::attempt::Attempt;
use self::statements::WriteStatements;
use super::cursor::Position;
use super::statements::Order;
use super::tally::PageTally;
use super::waits::Wait;
use crate::db::error::{DatabaseError, Trouble};
use crate::db::ledger::shard::Claim;
use crate::db::session::{Isolation, SessionStamp, Terms};
use crate::error::Error;
use crate::plan::TablePlan;

/// What a commit needs to know of its table and shard.
pub struct Writer {
    pub table: Arc<TablePlan>,
    pub claim: Claim,
    statements: WriteStatements,
    pub order: Order,
    /// How long row locks may be held: half of the server's `deadlock_timeout`.
    pub budget: Duration,
    pub lease: Duration,
    /// The stored value is compared as well: something stands between us and the server.
    pub compares_values: bool,
    /// The session that pages must have been read from.
    pub session: SessionStamp,
    /// What was waited for before the page.
    pub waited: Option<Wait>,
}

impl Writer {
    pub fn new(table: Arc<TablePlan>, claim: Claim, order: Order, terms: WriteTerms) -> Self {
        let WriteTerms { budget, lease, compares_values, session } = terms;
        let statements = statements::write(&table, order, compares_values);
        let waited = None;
        Self { table, claim, statements, order, budget, lease, compares_values, session, waited }
    }

    /// Whether a statement that began then may have waited for a lock until its timeout. Anything quicker is
    /// what somebody says who has not waited: a trigger that raises 55P03, or that asks with NOWAIT.
    pub fn has_waited(&self, begun: Instant) -> bool {
        begun.elapsed() >= self.lock_timeout() / 2
    }

    fn lock_timeout(&self) -> Duration {
        self.budget / 4
    }

    /// A lock is waited for a moment only; the whole of it stays within the budget. Should our process
    /// stand still meanwhile, the server lets go of the rows.
    pub fn terms(&self) -> Terms {
        Terms {
            isolation: Isolation::ReadCommitted,
            read_only: false,
            lock_timeout: self.lock_timeout(),
            statement_timeout: self.budget * 3 / 4,
            idle_timeout: self.budget * 2,
            durable: false,
        }
    }
}

/// The terms of a writer that do not depend on its table.
#[derive(Clone, Copy, Debug)]
pub struct WriteTerms {
    pub budget: Duration,
    pub lease: Duration,
    pub compares_values: bool,
    pub session: SessionStamp,
}

/// Consecutive rows that are committed together.
#[derive(Clone, Debug)]
pub struct Part {
    pub rows: Range<usize>,
    /// Write this column of theirs alone.
    pub only_column: Option<usize>,
    pub mode: Mode,
}

impl Part {
    pub fn first(rows: usize) -> Self {
        Self { rows: 0..rows, only_column: None, mode: Mode::Waiting }
    }
}

/// What is done about rows that others hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Waited for, a moment.
    Waiting,
    /// Left out (SKIP LOCKED).
    Unlocked,
    /// Nothing is written at all.
    Skipped,
}

/// Why a part was not committed; the transaction is rolled back.
#[derive(Debug)]
pub enum Setback {
    /// The shard was taken over, or the run is no longer wanted.
    NotOurs,
    /// Others held a row for too long, or we lost a deadlock.
    Locked,
    TookTooLong,
    /// The database refuses a row.
    Refused(DatabaseError),
    /// It names a trouble that passes, which a row may have raised.
    Passing(DatabaseError),
    /// Triggers wrote something else into these rows, or nothing at all.
    Altered(Vec<usize>),
    Error(Error),
}

impl From<DatabaseError> for Setback {
    fn from(error: DatabaseError) -> Self {
        match error.trouble {
            Trouble::LockTimeout => Self::Locked,
            Trouble::Transient if error.sqlstate.as_deref() == Some("40P01") => Self::Locked,
            Trouble::StatementTimeout => Self::TookTooLong,
            Trouble::RowRefused => Self::Refused(error),
            _ => Self::Error(error.into()),
        }
    }
}

/// Proof that rows and their checkpoint were committed together; nothing outside this room can make one.
#[derive(Debug)]
pub struct Receipt {
    end: Position,
}

impl Receipt {
    /// Where the cursor now stands.
    pub fn into_end(self) -> Position {
        self.end
    }
}

/// A committed part.
#[derive(Debug)]
pub struct Written {
    pub receipt: Receipt,
    pub tally: PageTally,
    pub conflicts: Vec<usize>,
}
