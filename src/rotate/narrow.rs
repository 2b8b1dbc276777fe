//! Commits a judged page, in as many parts as the database makes necessary.
//!
//! Most pages commit whole. Anything the database refuses because of one row is narrowed down until
//! that row, and in it that value, is alone; a page that takes too long is halved; rows that others
//! hold are left for later. Nothing is tried the same way twice.

use std::collections::VecDeque;

use super::commit::{Attempt, Mode, Part, Setback, Writer};
use super::context::Context;
use super::cursor::Cursor;
use super::judge::JudgedPage;
use super::raised::{self, Known};
use super::tally::PageTally;
use crate::db::error::{DatabaseError, Trouble};
use crate::db::session::Session;
use crate::error::{Error, Result};
use crate::telemetry::metrics::Retry;

/// SQLSTATE of a statement that took too long.
const QUERY_CANCELED: &str = "57014";

/// What became of a page.
#[derive(Debug)]
pub struct Committed {
    pub cursor: Cursor,
    pub tally: PageTally,
    /// Rows that the application changed or holds: not written.
    pub conflicts: Vec<usize>,
    /// Why parts of it were tried again.
    pub retries: Vec<Retry>,
    /// Of rows that raise for ever what would pass elsewhere.
    known: Known,
}

impl Committed {
    /// The page was too much for the server at once.
    pub fn timed_out(&self) -> bool {
        self.retries.contains(&Retry::Timeout)
    }
}

/// Commits the first `rows` of a judged page, in as many parts as the database makes necessary.
///
/// # Errors
/// [`CommitError::NotOurs`] when the shard was taken over or the run is no longer wanted; exit 3 when the
/// plan no longer holds; exit 5 when the database or the connection failed. In each case the page must
/// be thrown away and read again.
pub async fn commit_page(
    session: &mut Session,
    context: &Context,
    writer: &Writer,
    cursor: Cursor,
    mut page: JudgedPage,
    rows: usize,
) -> std::result::Result<Committed, CommitError> {
    if page.page.session != writer.session {
        return Err(Error::bug("a page was to be written by a session that did not read it").into());
    }
    let mut done = Committed {
        cursor,
        tally: PageTally::default(),
        conflicts: vec![],
        retries: vec![],
        known: Known::default(),
    };
    let mut parts = VecDeque::from([Part::first(rows)]);
    while let Some(part) = parts.pop_front() {
        let attempt = Attempt { writer, page: &page, part: &part };
        match attempt.run(session, done.cursor.committed()).await {
            Ok(written) => {
                done.cursor = done.cursor.advance(written.receipt);
                done.tally += &written.tally;
                done.conflicts.extend(written.conflicts);
            }
            Err(Setback::NotOurs) => return Err(CommitError::NotOurs),
            Err(Setback::Error(error)) => return Err(error.into()),
            Err(setback) => {
                done.retries.push(kind(&setback));
                let again =
                    mend(session, context, writer, &mut page, part, setback, &mut done).await?;
                for part in again.into_iter().rev() {
                    parts.push_front(part);
                }
            }
        }
    }
    Ok(done)
}

/// Why a page could not be committed.
#[derive(Debug)]
pub enum CommitError {
    /// The shard was taken over, or the run is no longer wanted.
    NotOurs,
    Error(Error),
}

impl From<DatabaseError> for CommitError {
    fn from(error: DatabaseError) -> Self {
        Self::Error(error.into())
    }
}

impl From<Error> for CommitError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// As the metrics tell setbacks apart.
fn kind(setback: &Setback) -> Retry {
    match setback {
        Setback::Locked => Retry::Locked,
        Setback::TookTooLong => Retry::Timeout,
        Setback::Refused(_)
        | Setback::Passing(_)
        | Setback::Altered(_)
        | Setback::NotOurs
        | Setback::Error(_) => Retry::Refused,
    }
}

/// What to try next after a setback; never the same again.
async fn mend(
    session: &mut Session,
    context: &Context,
    writer: &Writer,
    page: &mut JudgedPage,
    part: Part,
    setback: Setback,
    done: &mut Committed,
) -> Result<Vec<Part>> {
    let cursor = &done.cursor;
    let written: Vec<usize> = part.rows.clone().filter(|row| page.is_written(*row)).collect();
    match (setback, written.as_slice()) {
        (Setback::Altered(rows), _) => {
            for row in rows {
                isolate(session, writer, page, row, None, cursor).await?;
            }
            Ok(vec![part])
        }
        (Setback::Locked | Setback::TookTooLong, _) if part.mode == Mode::Waiting => {
            Ok(vec![Part { mode: Mode::Unlocked, ..part }])
        }
        (Setback::Refused(error), [row]) => {
            if error.trouble != Trouble::RowRefused {
                // the same words may come from a trigger of this row, or mean that nothing works
                Attempt { writer, page, part: &part }.probe(session).await?;
            }
            isolate(session, writer, page, *row, error.sqlstate.map(Into::into), cursor).await?;
            Ok(vec![part])
        }
        (Setback::Passing(error), [row]) => {
            let attempt = Attempt { writer, page, part: &part };
            let known = &mut done.known;
            known.others_written |= done.tally.resealed() > 0;
            if raised::stays(session, context, &attempt, known, cursor, error.clone()).await? {
                isolate(session, writer, page, *row, error.sqlstate.map(Into::into), cursor)
                    .await?;
            }
            Ok(vec![part])
        }
        (Setback::Locked, [_]) => Ok(vec![Part { mode: Mode::Skipped, ..part }]),
        (Setback::TookTooLong, [row]) => {
            page.refuse_row(*row, Some(QUERY_CANCELED));
            Ok(vec![part])
        }
        (_, [_, .., _]) => Ok(halves(part, &written)),
        (Setback::Refused(error) | Setback::Passing(error), []) => Err(error.into()),
        (Setback::Locked | Setback::TookTooLong, []) => {
            Err(Error::outside("a checkpoint could not be moved in time").at("reseal.checkpoint"))
        }
        (Setback::NotOurs | Setback::Error(_), _) => Err(Error::bug("a setback was lost")),
    }
}

/// Splits a part so that each half has half of the rows to be written.
fn halves(part: Part, written: &[usize]) -> Vec<Part> {
    let middle = written[written.len() / 2];
    vec![
        Part { rows: part.rows.start..middle, ..part.clone() },
        Part { rows: middle..part.rows.end, ..part },
    ]
}

/// Finds which values of a refused row are to blame, by trying each alone and rolling back.
async fn isolate(
    session: &mut Session,
    writer: &Writer,
    page: &mut JudgedPage,
    row: usize,
    sqlstate: Option<String>,
    cursor: &Cursor,
) -> Result<()> {
    let columns: Vec<usize> = (0..writer.table.columns.len())
        .filter(|column| page.row(row)[*column].replacement().is_some())
        .collect();
    let mut refused = Vec::new();
    if columns.len() > 1 {
        for column in columns {
            let alone = Part { rows: row..row + 1, only_column: Some(column), mode: Mode::Waiting };
            if let Some(error) = trial(session, writer, page, &alone, cursor).await? {
                refused.push((column, error.sqlstate.map(String::from)));
            }
        }
    }
    if refused.is_empty() {
        page.refuse_row(row, sqlstate.as_deref());
    }
    for (column, sqlstate) in refused {
        page.refuse(row, column, sqlstate.as_deref());
    }
    Ok(())
}

/// Writes one value and rolls back; what the database says against it.
async fn trial(
    session: &mut Session,
    writer: &Writer,
    page: &JudgedPage,
    part: &Part,
    cursor: &Cursor,
) -> Result<Option<DatabaseError>> {
    let attempt = Attempt { writer, page, part };
    match attempt.rehearse(session, cursor.committed()).await {
        Ok(_) => Ok(None),
        Err(Setback::Refused(error) | Setback::Passing(error)) => Ok(Some(error)),
        Err(Setback::Altered(_)) => {
            Ok(Some(DatabaseError::new(Trouble::RowRefused, "a trigger altered the row")))
        }
        Err(Setback::Error(error)) => Err(error),
        // nothing is said against the value itself
        Err(Setback::Locked | Setback::TookTooLong | Setback::NotOurs) => Ok(None),
    }
}
