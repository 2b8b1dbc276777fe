//! One try to commit one part of a page: one transaction, from the fence to COMMIT.

use std::time::Instant;

use super::batch::{Batch, RowSet};
use super::{Mode, Part, Receipt, Setback, Writer, Written};
use crate::db::error::{DatabaseError, Trouble};
use crate::db::ledger::shard;
use crate::db::session::Session;
use crate::db::transaction::Transaction;
use crate::error::{Error, Result};
use crate::rotate::cursor::Position;
use crate::rotate::failures;
use crate::rotate::judge::JudgedPage;
use crate::rotate::statements::Order;
use crate::rotate::tally::{ColumnTally, FailureTally, PageTally};
use crate::rotate::waits::Wait;

/// One try to commit one part of a page.
#[derive(Clone, Copy)]
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
        position: &Position,
    ) -> Result<Written, Setback> {
        let transaction = self.begin(session, position).await?;
        self.finish(transaction, Instant::now() + self.writer.budget).await
    }

    /// Does everything but commit. False when nothing was written: others changed the rows, or hold them.
    pub async fn rehearse(
        &self,
        session: &mut Session,
        position: &Position,
    ) -> Result<bool, Setback> {
        let transaction = self.begin(session, position).await?;
        let deadline = Instant::now() + self.writer.budget;
        let batch = Batch::of(self.page, self.part);
        let outcome = self.write(&transaction, &batch).await?;
        if !outcome.altered.is_empty() {
            return Err(Setback::Altered(outcome.altered));
        }
        constraints(&transaction, self.writer, deadline).await?;
        Ok(outcome.written.iter().next().is_some())
    }

    async fn begin<'s>(
        &self,
        session: &'s mut Session,
        position: &Position,
    ) -> Result<Transaction<'s>, Setback> {
        let transaction = session.begin(&self.writer.terms()).await?;
        crate::failpoint!("transaction-begun");
        let claim = &self.writer.claim;
        let fence = shard::fence(&transaction, claim, position.0.as_ref()).await;
        // whoever holds the checkpoint would hold up a smaller part as well
        if !fence.map_err(|error| Setback::Error(error.into()))? {
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
        let (lease, position, sum) = (self.writer.lease, end.0.as_ref(), tally.sum());
        let waited = self.writer.waited.as_ref().map(Wait::for_ledger);
        shard::move_checkpoint(&transaction, &claim.id, position, done, &sum, lease, waited)
            .await?;
        crate::failpoint!("checkpoint-moved");
        if !batch.rows.is_empty() {
            constraints(&transaction, self.writer, deadline).await?;
        }
        crate::failpoint!("before-commit");
        transaction.commit().await?;
        crate::failpoint!("committed");
        Ok(Written { receipt: Receipt { end }, tally, conflicts: outcome.conflicts })
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
        let begun = Instant::now();
        let row = transaction.query_one(statement, &parameters.list()).await;
        let row = row.map_err(|error| blame(error, self.writer.has_waited(begun)))?;
        if !row.get::<_, bool>("columns_stand") {
            return Err(Setback::Error(self.columns_changed()));
        }
        let told: Vec<i64> = row.get::<_, Option<_>>("written").unwrap_or_default();
        let written = batch.rows_of(told.iter().map(|n| n.abs()));
        let mut altered: Vec<usize> = batch.rows_of(told.iter().map(|n| -n)).iter().collect();
        let missing = batch.rows.iter().copied().filter(|row| !written.contains(*row));
        let missing: Vec<usize> = missing.collect();
        // not written although unchanged: a trigger swallowed it
        let swallowed: RowSet = match self.part.mode {
            _ if missing.is_empty() => RowSet::default(),
            Mode::Unlocked => batch.rows_told(&row, "free"),
            Mode::Waiting | Mode::Skipped => self.unchanged(transaction, &missing).await?,
        };
        let (refused, conflicts): (Vec<_>, Vec<_>) =
            missing.into_iter().partition(|row| swallowed.contains(*row));
        altered.extend(refused);
        Ok(Outcome { written, altered, conflicts })
    }

    /// Nothing of this transaction is committed.
    fn columns_changed(&self) -> Error {
        Error::refused("a column was renamed, or replaced by another, while the run went on")
            .at(self.writer.table.relation.plain())
            .hint("run again: the plan then looks at the columns as they are")
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
        Ok(batch.rows_told(&row, "unwritten"))
    }

    /// Executes the write for no row at all. What still fails then is the plan's fault.
    pub async fn probe(&self, session: &mut Session) -> Result<()> {
        let transaction = session.begin(&self.writer.terms()).await?;
        let batch = Batch { rows: Vec::new(), only_column: None };
        let parameters = batch.parameters(self.writer, self.page)?;
        transaction.query_one(&self.writer.statements.write, &parameters.list()).await?;
        Ok(())
    }

    fn tally(&self, outcome: &Outcome) -> PageTally {
        let passed = self.page.page.passed(&self.part.rows);
        let rows = self.part.rows.len() as u64 + passed.rows;
        let mut failures = FailureTally::default();
        let mut columns = vec![ColumnTally::default(); self.writer.table.columns.len()];
        for (column, current) in columns.iter_mut().zip(passed.current) {
            column.current = current;
        }
        for row in self.part.rows.clone() {
            for (tally, judgement) in columns.iter_mut().zip(self.page.row(row)) {
                for (_, value) in judgement.values() {
                    tally.add(value, outcome.written.contains(row));
                    failures.add_judged(value);
                }
            }
        }
        PageTally { rows, columns, failures }
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

/// A trigger can raise any SQLSTATE. What speaks of the plan or of our statement (a missing column, a
/// denied privilege, a syntax error) may be theirs or one row's: [`narrow`](super::narrow) finds out. So may
/// a lock that was not had, when nobody has waited for one.
fn blame(error: DatabaseError, has_waited: bool) -> Setback {
    match error.trouble {
        Trouble::LockTimeout if !has_waited => Setback::Passing(error),
        Trouble::Transient if !has_waited && error.sqlstate.as_deref() == Some("40P01") => {
            Setback::Passing(error)
        }
        Trouble::PlanBroken | Trouble::Denied | Trouble::WrongWords | Trouble::Serious => {
            Setback::Refused(error)
        }
        Trouble::Bug if error.sqlstate.is_some() => Setback::Refused(error),
        Trouble::Transient | Trouble::ConnectionLost if may_be_raised(&error) => {
            Setback::Passing(error)
        }
        _ => error.into(),
    }
}

/// Not what we meet ourselves: a deadlock, a lost connection, and a server that lacks space or memory, which
/// is no row's fault however few are written.
fn may_be_raised(error: &DatabaseError) -> bool {
    error.sqlstate.as_deref().is_some_and(|code| code != "40P01" && !code.starts_with("53"))
}

/// Deferred constraints and triggers speak now, within what is left of the budget.
async fn constraints(
    transaction: &Transaction<'_>,
    writer: &Writer,
    deadline: Instant,
) -> Result<(), Setback> {
    let left = deadline.saturating_duration_since(Instant::now());
    transaction.set_statement_timeout(left).await?;
    let begun = Instant::now();
    let spoken = transaction.batch("SET CONSTRAINTS ALL IMMEDIATE").await;
    spoken.map_err(|error| blame(error, writer.has_waited(begun)))
}

/// What the UPDATE did, by row number of the page.
#[derive(Debug, Default)]
struct Outcome {
    written: RowSet,
    /// Rows into which a trigger put something else, or kept the old version of.
    altered: Vec<usize>,
    conflicts: Vec<usize>,
}
