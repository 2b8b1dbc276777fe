//! Rows in conflict twice: read, resealed and written under their own lock, one short transaction each.

use std::time::Instant;

use tokio::time::timeout;
use tokio_postgres::types::Type;

use super::commit::{Attempt, Mode, Part, Setback, Writer, Written};
use super::context::Context;
use super::cursor::Cursor;
use super::judge::{self, Intent};
use super::narrow::{self, CommitError};
use super::page::{Fields, Page};
use super::statements;
use super::tally::PageTally;
use crate::db::ledger::shard;
use crate::db::row_key::Tid;
use crate::db::session::Session;
use crate::db::transaction::Parameter;
use crate::error::Error;

/// A row to be settled.
#[derive(Clone, Copy, Debug)]
pub struct Contended {
    /// Where it was read.
    pub tid: Tid,
    /// Seals that are reserved for it.
    pub seals: u64,
}

/// What settling one row came to.
#[derive(Debug)]
pub struct Settled {
    pub cursor: Cursor,
    pub tally: PageTally,
    pub fate: Fate,
}

/// What became of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Read under its lock; it needs nothing more.
    Settled,
    /// Somebody holds it, or it has come to hold more values than there are seals for; it is left for later.
    Held,
    /// A key service took longer than its row may be locked; it is left for later.
    Slow,
    /// Nothing was found at its place: it is gone or has moved. The next look sees.
    Missing,
}

/// Reseals a row while holding its lock.
pub async fn settle(
    session: &mut Session,
    context: &Context,
    writer: &Writer,
    cursor: Cursor,
    row: Contended,
) -> Result<Settled, CommitError> {
    let left = |cursor, fate| Ok(Settled { cursor, tally: PageTally::default(), fate });
    match under_lock(session, context, writer, &cursor, row).await {
        Ok(Some(Written { receipt, tally, conflicts })) => {
            let fate = if conflicts.is_empty() { Fate::Settled } else { Fate::Held };
            Ok(Settled { cursor: cursor.advance(receipt), tally, fate })
        }
        Ok(None) => left(cursor, Fate::Missing),
        Err(Refusal::Setback(Setback::Locked | Setback::TookTooLong) | Refusal::Seals) => {
            left(cursor, Fate::Held)
        }
        Err(Refusal::Slow) => left(cursor, Fate::Slow),
        Err(Refusal::Setback(Setback::NotOurs)) => Err(CommitError::NotOurs),
        Err(Refusal::Setback(Setback::Error(error)) | Refusal::Error(error)) => Err(error.into()),
        Err(Refusal::Page(page)) => {
            // the database refuses this row: find out which value, and list it
            let rows = page.page.len();
            let done = narrow::commit_page(session, context, writer, cursor, *page, rows).await?;
            let fate = if done.conflicts.is_empty() { Fate::Settled } else { Fate::Held };
            Ok(Settled { cursor: done.cursor, tally: done.tally, fate })
        }
        Err(Refusal::Setback(Setback::Refused(_) | Setback::Passing(_) | Setback::Altered(_))) => {
            Err(Error::bug("a refused row was lost").into())
        }
    }
}

enum Refusal {
    Setback(Setback),
    Error(Error),
    /// More would be sealed than was reserved.
    Seals,
    /// A key service has not answered in time.
    Slow,
    Page(Box<judge::JudgedPage>),
}

impl<E: Into<Setback>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Setback(error.into())
    }
}

async fn under_lock(
    session: &mut Session,
    context: &Context,
    writer: &Writer,
    cursor: &Cursor,
    row: Contended,
) -> Result<Option<Written>, Refusal> {
    let (table, claim) = (&writer.table, &writer.claim);
    let transaction = session.begin(&writer.terms()).await?;
    if !shard::fence(&transaction, claim, cursor.committed().0.as_ref()).await? {
        return Err(Setback::NotOurs.into());
    }
    let deadline = Instant::now() + writer.budget;
    let longest = context.limits().value_bytes();
    let parameters: [Parameter<'_>; 2] = [(&longest, Type::INT4), (&row.tid, Type::TID)];
    let rows = transaction.query(&statements::lock_row(table), &parameters).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let end = cursor.committed().clone();
    let page = Page::new(rows, Fields::of(table), end, false, writer.session, writer.order);
    let (page, seals) = judge::seals(page, table).await.map_err(Refusal::Error)?;
    if seals > row.seals {
        return Err(Refusal::Seals);
    }
    let judging = judge::judge(page, table.clone(), Intent::Reseal);
    // a key service may take its time, and the row is locked
    let judged = timeout(deadline.saturating_duration_since(Instant::now()), judging).await;
    let judged = judged.map_err(|_| Refusal::Slow)?.map_err(Refusal::Error)?;
    let part = Part { rows: 0..judged.page.len(), only_column: None, mode: Mode::Waiting };
    let attempt = Attempt { writer, page: &judged, part: &part };
    match attempt.finish(transaction, deadline).await {
        Ok(written) => Ok(Some(written)),
        Err(Setback::Refused(_) | Setback::Passing(_) | Setback::Altered(_)) => {
            Err(Refusal::Page(Box::new(judged)))
        }
        Err(setback) => Err(setback.into()),
    }
}
