//! A transaction: typed statements in, rows out, and rolled back unless it is committed.
//!
//! Statements run unnamed and carry the types of their parameters, so each is one round trip (the
//! first use of one with many rows two), is planned for its own values, and works through poolers,
//! which may not know prepared ones.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures_util::stream::Fuse;
use futures_util::{FutureExt, StreamExt};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::answer::Answers;
use super::error::DatabaseError;
use super::session::{ProofOfIdentity, milliseconds};

/// A value with the type it is sent as.
pub type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// An open transaction. Dropping it sends ROLLBACK, without waiting for the answer.
pub struct Transaction<'s> {
    client: &'s Client,
    described: &'s Described,
    answers: Answers<'s>,
    /// Asked before COMMIT, when it was not asked before.
    asked_at_the_end: Option<ProofOfIdentity<'s>>,
    committed: bool,
}

/// The statements of a session whose result types are known to its client.
///
/// The client library looks up a type that is not built in (an enum, citext) when it meets it in a
/// result, and waits for the answer before it reads on; behind a result of more than a few network
/// buffers that answer never comes. So a statement that may have many rows is described before its
/// first use, once a session.
pub(super) type Described = Mutex<HashSet<Box<str>>>;

/// Statements remembered at most; past it all are forgotten, at the price of a round trip each.
const DESCRIBED_MAX: usize = 256;

impl<'s> Transaction<'s> {
    /// Made before START TRANSACTION is sent, so that it is rolled back even when the wait for
    /// the answer is given up.
    pub(super) fn guard(
        client: &'s Client,
        described: &'s Described,
        answers: Answers<'s>,
        asked_at_the_end: Option<ProofOfIdentity<'s>>,
    ) -> Self {
        Self { client, described, answers, asked_at_the_end, committed: false }
    }

    /// All rows of a statement.
    pub async fn query(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        self.describe(sql, parameters).await?;
        self.answers.wait(self.client.query_typed(sql, parameters)).await
    }

    /// Exactly one row; any other number is a bug of the statement.
    pub async fn query_one(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Row, DatabaseError> {
        self.answers.wait(self.client.query_typed_one(sql, parameters)).await
    }

    /// One row or none; more are a bug of the statement.
    pub async fn query_opt(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, DatabaseError> {
        self.answers.wait(self.client.query_typed_opt(sql, parameters)).await
    }

    /// The rows one by one, as they arrive; at most a few network buffers are held in memory. A
    /// stream that is dropped early is still read to its end before the next answer.
    pub async fn stream(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<RowStream<'_>, DatabaseError> {
        self.describe(sql, parameters).await?;
        let parameters = parameters.iter().map(|(value, type_)| (*value, type_.clone()));
        let rows = self.answers.wait(self.client.query_typed_raw(sql, parameters)).await?;
        Ok(RowStream { rows: Box::pin(rows.fuse()), answers: self.answers })
    }

    async fn describe(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<(), DatabaseError> {
        if self.lock_described().contains(sql) {
            return Ok(());
        }
        let types: Vec<Type> = parameters.iter().map(|(_, type_)| type_.clone()).collect();
        // Dropped, and thereby closed, at once: no name outlives the transaction.
        drop(self.answers.wait(self.client.prepare_typed(sql, &types)).await?);
        let mut described = self.lock_described();
        if described.len() >= DESCRIBED_MAX {
            described.clear();
        }
        described.insert(sql.into());
        Ok(())
    }

    fn lock_described(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.described.lock().expect("nothing panics while it is held")
    }

    /// The number of rows written.
    pub async fn execute(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, DatabaseError> {
        self.answers.wait(self.client.execute_typed(sql, parameters)).await
    }

    /// Statements without parameters and without results, in one round trip.
    pub async fn batch(&self, sql: &str) -> Result<(), DatabaseError> {
        self.answers.wait(self.client.batch_execute(sql)).await
    }

    /// For the statements that follow; rounded up to a millisecond, never endless.
    pub async fn set_statement_timeout(&self, timeout: Duration) -> Result<(), DatabaseError> {
        self.batch(&format!("SET LOCAL statement_timeout = {}", milliseconds(timeout))).await
    }

    /// Commits. When the trouble is `ConnectionLost`, nobody knows whether it was committed: read
    /// the checkpoint.
    ///
    /// A transaction in which a statement failed answers COMMIT with a silent rollback; the SHOW
    /// before it makes that an error (25P02), so `Ok` always means committed.
    pub async fn commit(mut self) -> Result<(), DatabaseError> {
        let question = self.asked_at_the_end.map_or("", |proof| proof.question);
        let words = format!("SHOW transaction_read_only; {question}; COMMIT");
        let answers = self.answers.wait(self.client.simple_query(&words)).await?;
        self.committed = true;
        self.asked_at_the_end.map_or(Ok(()), |proof| proof.check(&answers))
    }
}

impl Transaction<'_> {
    /// Ends a transaction that only read; nobody waits for the answer.
    pub fn finish_reading(mut self) {
        self.committed = true;
        // sent when first polled, like the ROLLBACK below
        let _unanswered = self.client.batch_execute("COMMIT").now_or_never();
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.committed && !self.client.is_closed() {
            // The client sends a request when its future is first polled; the answer is left to
            // the connection.
            let _unanswered = self.client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}

/// Rows of one statement as they arrive; it cannot outlive its transaction.
pub struct RowStream<'t> {
    rows: Pin<Box<Fuse<tokio_postgres::RowStream>>>,
    answers: Answers<'t>,
}

impl RowStream<'_> {
    /// The next row, or `None` after the last, however often one asks.
    pub async fn next(&mut self) -> Result<Option<Row>, DatabaseError> {
        let next = async { self.rows.next().await.transpose() };
        self.answers.wait(next).await
    }
}
