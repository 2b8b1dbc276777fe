//! The transaction that writes a page: the only file that writes to user tables.
//!
//! The checkpoint first (fenced by epoch and position, run still wanted), then one set-based UPDATE that
//! matches key, xmin and table, then failures, deferred constraints, COMMIT. From the first row lock to
//! the last waiting statement at most half of the server's `deadlock_timeout` passes, so that we and
//! not the application lose a deadlock.

mod batch;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::batch::Batch;
use super::cursor::{Position, Receipt};
use super::failures;
use super::judge::{JudgedPage, Judgement};
use super::page::SessionStamp;
use super::statements::{self, Order, WriteStatements};
use crate::db::error::{DatabaseError, Trouble};
use crate::db::ledger::shard::{self, Bound, Claim, Tally};
use crate::db::session::{Isolation, Session, Terms};
use crate::db::transaction::Transaction;
use crate::error::{Error, Result};
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
}

impl Writer {
    pub fn new(
        table: Arc<TablePlan>,
        claim: Claim,
        order: Order,
        terms: WriteTerms,
        session: SessionStamp,
    ) -> Self {
        let WriteTerms { budget, lease, compares_values } = terms;
        let statements = statements::write(&table, order, compares_values);
        Self { table, claim, statements, order, budget, lease, compares_values, session }
    }

    /// A lock is waited for a moment only; the whole of it stays within the budget.
    pub fn terms(&self) -> Terms {
        Terms {
            isolation: Isolation::ReadCommitted,
            read_only: false,
            lock_timeout: self.budget / 4,
            statement_timeout: self.budget * 3 / 4,
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
    pub fn whole(rows: usize) -> Self {
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

/// A committed part.
#[derive(Debug)]
pub struct Written {
    pub receipt: Receipt,
    pub tally: Tally,
    pub conflicts: Vec<usize>,
}

/// One try to commit one part of a page.
pub struct Attempt<'a> {
    pub writer: &'a Writer,
    pub page: &'a JudgedPage,
    pub part: &'a Part,
}

impl Attempt<'_> {
    /// Commits the part when the checkpoint still stands at `position`.
    pub async fn run(
        &self,
        session: &mut Session,
        position: Option<&Bound>,
    ) -> Result<Written, Setback> {
        let transaction = self.begin(session, position).await?;
        self.finish(transaction, Instant::now() + self.writer.budget).await
    }

    /// Does everything but commit.
    pub async fn rehearse(
        &self,
        session: &mut Session,
        position: Option<&Bound>,
    ) -> Result<(), Setback> {
        let transaction = self.begin(session, position).await?;
        let deadline = Instant::now() + self.writer.budget;
        let batch = Batch::of(self.page, self.part);
        let outcome = self.write(&transaction, &batch).await?;
        if !outcome.altered.is_empty() {
            return Err(Setback::Altered(outcome.altered));
        }
        constraints(&transaction, deadline).await
    }

    async fn begin<'s>(
        &self,
        session: &'s mut Session,
        position: Option<&Bound>,
    ) -> Result<Transaction<'s>, Setback> {
        let transaction = session.begin(&self.writer.terms()).await?;
        crate::failpoint!("transaction-begun");
        let claim = &self.writer.claim;
        if !shard::fence(&transaction, &claim.id, claim.epoch, position).await? {
            return Err(Setback::NotOurs);
        }
        crate::failpoint!("fenced");
        Ok(transaction)
    }

    /// Writes the part, lists its failures, moves the checkpoint and commits; the transaction has
    /// passed the fence.
    pub async fn finish(
        &self,
        transaction: Transaction<'_>,
        deadline: Instant,
    ) -> Result<Written, Setback> {
        let batch = Batch::of(self.page, self.part);
        let outcome = self.write(&transaction, &batch).await?;
        crate::failpoint!("rows-written");
        if !outcome.altered.is_empty() {
            return Err(Setback::Altered(outcome.altered));
        }
        let tally = self.tally(&outcome);
        failures::record(&transaction, self).await?;
        let (end, done) = self.end().map_err(Setback::Error)?;
        let claim = &self.writer.claim;
        let lease = self.writer.lease;
        shard::move_checkpoint(&transaction, &claim.id, end.0.as_ref(), done, &tally, lease)
            .await?;
        crate::failpoint!("checkpoint-moved");
        constraints(&transaction, deadline).await?;
        crate::failpoint!("before-commit");
        transaction.commit().await?;
        crate::failpoint!("committed");
        Ok(Written { receipt: Receipt { end, done }, tally, conflicts: outcome.conflicts })
    }

    async fn write(
        &self,
        transaction: &Transaction<'_>,
        batch: &Batch,
    ) -> Result<Outcome, Setback> {
        if batch.rows.is_empty() {
            return Ok(Outcome::default());
        }
        if self.part.mode == Mode::Skipped {
            return Ok(Outcome { conflicts: batch.rows.clone(), ..Outcome::default() });
        }
        let statements = &self.writer.statements;
        let statement = match self.part.mode {
            Mode::Unlocked => &statements.write_unlocked,
            Mode::Waiting | Mode::Skipped => &statements.write,
        };
        let parameters = batch.parameters(self.writer, self.page).map_err(Setback::Error)?;
        let row = match transaction.query_one(statement, &parameters.list()).await {
            Ok(row) => row,
            Err(error) => return Err(self.blame(error)),
        };
        let written: RowSet = batch.numbered(row.get("written"));
        let mut altered: Vec<usize> = batch.numbered(row.get("altered"));
        let missing: Vec<usize> =
            batch.rows.iter().copied().filter(|row| !written.contains(row)).collect();
        // not written although unchanged: a trigger swallowed it
        let swallowed: RowSet = match self.part.mode {
            _ if missing.is_empty() => RowSet::default(),
            Mode::Unlocked => batch.numbered(row.get("free")),
            Mode::Waiting | Mode::Skipped => self.unchanged(transaction, &missing).await?,
        };
        let (refused, conflicts): (Vec<_>, Vec<_>) =
            missing.into_iter().partition(|row| swallowed.contains(row));
        altered.extend(refused);
        Ok(Outcome { written, altered, conflicts })
    }

    /// Rows of `missing` that still are the version that was read.
    async fn unchanged(
        &self,
        transaction: &Transaction<'_>,
        missing: &[usize],
    ) -> Result<RowSet, Setback> {
        let batch = Batch { rows: missing.to_vec(), only_column: self.part.only_column };
        let parameters = batch.parameters(self.writer, self.page).map_err(Setback::Error)?;
        let statement = &self.writer.statements.unwritten;
        let row = transaction.query_one(statement, &parameters.list()).await?;
        Ok(batch.numbered(row.get("unwritten")))
    }

    /// Whether an error that speaks of the plan (a missing column, a denied privilege) is the plan's
    /// or one row's, raised in a trigger: [`narrow`](super::narrow) finds out.
    fn blame(&self, error: DatabaseError) -> Setback {
        match error.trouble {
            Trouble::PlanBroken | Trouble::Denied => Setback::Refused(error),
            _ => error.into(),
        }
    }

    /// Executes the write for no row at all. What still fails then is the plan's fault.
    pub async fn probe(&self, session: &mut Session) -> Result<()> {
        let transaction = session.begin(&self.writer.terms()).await?;
        let batch = Batch { rows: Vec::new(), only_column: None };
        let parameters = batch.parameters(self.writer, self.page)?;
        transaction.query_one(&self.writer.statements.write, &parameters.list()).await?;
        Ok(())
    }

    fn tally(&self, outcome: &Outcome) -> Tally {
        let mut tally = Tally { rows: self.part.rows.len() as u64, ..Tally::default() };
        for row in self.part.rows.clone() {
            for judgement in self.page.row(row) {
                match judgement {
                    Judgement::Nothing => {}
                    Judgement::Current => tally.current += 1,
                    Judgement::Failed(_) | Judgement::Refused { .. } => tally.failed += 1,
                    Judgement::Resealed(_) if outcome.written.contains(&row) => tally.resealed += 1,
                    Judgement::Resealed(_) | Judgement::Previous => tally.conflicts += 1,
                }
            }
        }
        tally
    }

    /// Where the cursor will stand after this part, and whether the shard ends there.
    fn end(&self) -> Result<(Position, bool)> {
        let rows = &self.page.page;
        if self.part.rows.end == rows.len() {
            return Ok((rows.end.clone(), rows.is_last));
        }
        let last = self.part.rows.end - 1;
        let end = match (&rows.end.0, rows.order) {
            (None, _) => Position(None),
            (_, Order::ByKey) => Position::of_key(rows.row_key(last)),
            (_, Order::Physical) => Position::of_tid(rows.tid(last)?),
        };
        Ok((end, false))
    }
}

/// Deferred constraints and triggers speak now, within what is left of the budget.
async fn constraints(transaction: &Transaction<'_>, deadline: Instant) -> Result<(), Setback> {
    let left = deadline.saturating_duration_since(Instant::now());
    transaction.set_statement_timeout(left).await?;
    Ok(transaction.batch("SET CONSTRAINTS ALL IMMEDIATE").await?)
}

/// What the UPDATE did, by row number of the page.
#[derive(Debug, Default)]
struct Outcome {
    written: RowSet,
    /// Rows into which a trigger put something else, or kept the old version of.
    altered: Vec<usize>,
    conflicts: Vec<usize>,
}

type RowSet = std::collections::HashSet<usize>;
