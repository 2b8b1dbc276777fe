//! Whether rows can be written elsewhere in a table when no row of a page can.
//!
//! All rows of a page may have a trouble of their own, and a page knows nothing of the rest of its table. So rows from
//! all over the table are resealed and written, one at a time, and rolled back.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::commit::{Attempt, Mode, Part, Writer};
use super::context::Context;
use super::cursor::Cursor;
use super::judge::{self, Intent};
use super::sift::still_page;
use super::statements::{self, Order};
use crate::db::ledger::counted;
use crate::db::session::{Session, Terms};
use crate::error::Result;
use crate::plan::TablePlan;

/// Rows that are drawn, as many bytes as a page has; some of them may be done already.
const DRAWN_ROWS: u32 = 32;
/// When so many cannot be written, and none can, nothing can.
const TRIED_MIN: usize = 10;

/// Whether a row from anywhere in the table can be written now; `None` when too few are left to tell.
///
/// # Errors
/// Those of reading and judging rows.
pub async fn can_be_written(
    session: &mut Session,
    context: &Context,
    writer: &Writer,
    cursor: &Cursor,
) -> Result<Option<bool>> {
    let table = &writer.table;
    let rows = draw(session, context, table).await?;
    let page = still_page(rows, table, session.stamp());
    let (page, seals) = judge::seals(page, table).await?;
    context.seals.grant(session, table.ring.as_deref(), seals).await?;
    let page = judge::judge(page, Arc::clone(table), Intent::Reseal).await?;
    let (claim, terms) = (writer.claim.clone(), context.write_terms(session));
    let writer = Writer::new(Arc::clone(table), claim, Order::Physical, terms);
    let mut tried = 0;
    for row in (0..page.page.len()).filter(|row| page.is_written(*row)) {
        let part = Part { rows: row..row + 1, only_column: None, mode: Mode::Unlocked };
        let attempt = Attempt { writer: &writer, page: &page, part: &part };
        match attempt.rehearse(session, cursor.committed()).await {
            Ok(true) => return Ok(Some(true)),
            // held, or changed meanwhile: it says nothing
            Ok(false) => {}
            Err(_) => tried += 1,
        }
    }
    Ok((tried >= TRIED_MIN).then_some(false))
}

async fn draw(session: &mut Session, context: &Context, table: &TablePlan) -> Result<Vec<Row>> {
    let rows = DRAWN_ROWS.min(table.rows_at_once());
    let longest = context.limits().value_bytes_in(DRAWN_ROWS, table.columns.len() as u64);
    let (rows, longest) = (i64::from(rows), i32::try_from(longest).unwrap_or(i32::MAX));
    let transaction = session.begin(&Terms::reading()).await?;
    let parameters =
        [(&rows as _, Type::INT8), (&longest as _, Type::INT4), (&table.oid as _, Type::OID)];
    let drawn = transaction.query(&statements::fetch_anywhere(table), &parameters).await?;
    transaction.commit().await?;
    Ok(drawn)
}

/// Whether this run has written any row of a table.
///
/// # Errors
/// The ledger cannot be read.
pub async fn were_written(session: &mut Session, writer: &Writer) -> Result<bool> {
    let transaction = session.begin(&Terms::reading()).await?;
    let counts = counted::counts(&transaction, writer.claim.id.run_id).await?;
    transaction.commit().await?;
    let name = &writer.claim.id.table_name;
    Ok(counts.iter().any(|counted| counted.table_name == *name && counted.tally.resealed > 0))
}
