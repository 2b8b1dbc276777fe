//! A row that raises, again and again, a trouble whose name says that it would pass.
//!
//! A trigger, or a server that it asks, may raise any SQLSTATE. Tried again for ever, one such row would wedge
//! every run; taken at its first word, a moment's trouble would be listed as a failure. So it is the row's own
//! trouble when it stays and others have it not: rows of its page, or, when they all raise, rows from elsewhere in
//! its table; or when rows of its table are listed for it already, from when others could be written, since of what a
//! proof still meets nothing else may be left. When nothing can be written anywhere in the table it is trouble
//! outside. Each further such row of a page has half the time of the one before, so that many of them do not hold a
//! run up for long.

use std::time::{Duration, Instant};

use super::commit::{Attempt, Mode, Part, Setback};
use super::context::Context;
use super::cursor::Cursor;
use super::elsewhere;
use crate::db::error::DatabaseError;
use crate::db::ledger::{failure, shard};
use crate::db::session::{Session, Terms};
use crate::error::Result;

/// How long the trouble may go on where other rows can be written …
const BESIDE_OTHERS: Duration = Duration::from_secs(2);
/// … and where there is no other row to try, or only few.
const ALONE: Duration = Duration::from_secs(10);
/// … and the least it may, after others of the same page.
const AFTER_OTHERS: Duration = Duration::from_millis(200);
/// When so many other rows meet it too, wherever in the page they lie, it is no row's doing.
const OTHERS_MAX: usize = 20;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What is known of a page when one of its rows raises.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// Other rows were written, or could be.
    pub others_written: bool,
    /// So many rows of it raise for ever.
    rows: u32,
}

/// Whose trouble it is.
enum Whose {
    /// That of the rows that have it.
    Rows,
    /// Nothing can be written.
    Everybodys,
    /// Too few rows are left to tell.
    Unknown,
}

impl Known {
    fn patience(self, first: Duration) -> Duration {
        (first / (1 << self.rows.min(16))).max(AFTER_OTHERS)
    }
}

/// Whether a part with a single row to write keeps raising `error`; false when it has passed.
///
/// # Errors
/// `error` itself, when it is not the row's doing: nothing can be written, or no other row either.
pub async fn stays(
    session: &mut Session,
    context: &Context,
    attempt: &Attempt<'_>,
    known: &mut Known,
    cursor: &Cursor,
    error: DatabaseError,
) -> Result<bool> {
    if attempt.probe(session).await.is_err() {
        return Err(error.into());
    }
    if !known.others_written {
        match whose(session, context, attempt, cursor, &error).await? {
            Whose::Rows => known.others_written = true,
            Whose::Everybodys => return Err(error.into()),
            Whose::Unknown => {}
        }
    }
    let patience = known.patience(if known.others_written { BESIDE_OTHERS } else { ALONE });
    let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
    while begun.elapsed() < patience {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
        keep(session, attempt).await?;
        match attempt.rehearse(session, cursor.committed()).await {
            Err(Setback::Passing(_)) => {}
            // whatever else is said, the next attempt hears it
            _ => return Ok(false),
        }
    }
    known.rows += 1;
    crate::failpoint!("row-raises");
    Ok(true)
}

async fn whose(
    session: &mut Session,
    context: &Context,
    attempt: &Attempt<'_>,
    cursor: &Cursor,
    error: &DatabaseError,
) -> Result<Whose> {
    let in_page = others_can_be_written(session, attempt, cursor).await;
    if in_page == Some(true) || was_listed(session, attempt, error).await? {
        return Ok(Whose::Rows);
    }
    keep(session, attempt).await?;
    let elsewhere = elsewhere::can_be_written(session, context, attempt.writer, cursor).await?;
    Ok(match (elsewhere, in_page) {
        (Some(true), _) => Whose::Rows,
        (Some(false), _) => Whose::Everybodys,
        (None, None) => Whose::Unknown,
        // all that is left of the table raises: what this run has written of it tells
        (None, Some(_)) => match elsewhere::were_written(session, attempt.writer).await? {
            true => Whose::Unknown,
            false => Whose::Everybodys,
        },
    })
}

/// Whether any of the rows after this one, from all over the page, can be written now; `None` when too few are
/// left to tell.
async fn others_can_be_written(
    session: &mut Session,
    attempt: &Attempt<'_>,
    cursor: &Cursor,
) -> Option<bool> {
    let later = attempt.part.rows.end..attempt.page.page.len();
    let later: Vec<usize> = later.filter(|row| attempt.page.is_written(*row)).collect();
    let are_enough = later.len() >= OTHERS_MAX;
    let apart = later.len().div_ceil(OTHERS_MAX).max(1);
    let others: Vec<usize> = later.into_iter().rev().step_by(apart).collect();
    for row in &others {
        let part = Part { rows: *row..row + 1, only_column: None, mode: Mode::Unlocked };
        let other = Attempt { part: &part, ..*attempt };
        if let Ok(true) = other.rehearse(session, cursor.committed()).await {
            return Some(true);
        }
    }
    are_enough.then_some(false)
}

/// Whether rows of this table are listed that raised the same.
async fn was_listed(
    session: &mut Session,
    attempt: &Attempt<'_>,
    error: &DatabaseError,
) -> Result<bool> {
    let Some(sqlstate) = error.sqlstate.as_deref() else { return Ok(false) };
    let transaction = session.begin(&Terms::reading()).await?;
    let table = attempt.writer.table.relation.plain();
    let listed = failure::raised_before(&transaction, &table, sqlstate).await?;
    transaction.commit().await?;
    Ok(listed)
}

/// Nothing is committed meanwhile, so the lease is renewed; if the shard is no longer ours, the fence says so.
async fn keep(session: &mut Session, attempt: &Attempt<'_>) -> Result<()> {
    let transaction = session.begin(&Terms::ledger()).await?;
    let writer = attempt.writer;
    shard::renew_lease(&transaction, &writer.claim, writer.lease, None).await?;
    Ok(transaction.commit().await?)
}
