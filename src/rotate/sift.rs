//! Opens rows as they stream in: the next chunk arrives while one is judged. Nothing is written, and only
//! two chunks are in memory. No key service is asked: a statement stands open meanwhile.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio_postgres::Row;

use super::cursor::Position;
use super::judge::{self, Intent, JudgedPage};
use super::page::{Fields, Page};
use super::statements::Order;
use crate::db::session::SessionStamp;
use crate::db::transaction::RowStream;
use crate::error::Result;
use crate::plan::TablePlan;

/// What is judged at once.
const CHUNK_ROWS: usize = 2_000;
const CHUNK_BYTES: u64 = 2 << 20;

/// Judges all rows of a stream, chunk by chunk, until `take` has enough.
///
/// # Errors
/// Those of the stream, of the judge and of `take`.
pub async fn sift(
    mut stream: RowStream<'_>,
    session: SessionStamp,
    table: &Arc<TablePlan>,
    mut take: impl FnMut(JudgedPage) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut rows = chunk(&mut stream, table).await?;
    while !rows.is_empty() {
        let page = still_page(rows, table, session);
        let judging = judge::judge(page, Arc::clone(table), Intent::Sift);
        let (judged, next) = tokio::join!(judging, chunk(&mut stream, table));
        if take(judged?)?.is_break() {
            break;
        }
        rows = next?;
    }
    Ok(())
}

/// Rows that are judged together; none at the end of the stream.
async fn chunk(stream: &mut RowStream<'_>, table: &TablePlan) -> Result<Vec<Row>> {
    let fields = Fields::of(table);
    let rows_max = CHUNK_ROWS.min(table.rows_at_once() as usize);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while rows.len() < rows_max && bytes < CHUNK_BYTES {
        let Some(row) = stream.next().await? else { break };
        bytes += fields.bytes(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// How many rows that need something done may still be kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub rows: usize,
    pub bytes: u64,
}

impl Room {
    pub fn is_full(self) -> bool {
        self.rows == 0 || self.bytes == 0
    }

    /// A row with so many bytes of values is kept; the last one may be longer than what was left.
    pub fn take(&mut self, bytes: u64) {
        self.rows = self.rows.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// Rows as a page that moves no position.
pub fn still_page(rows: Vec<Row>, table: &TablePlan, session: SessionStamp) -> Page {
    Page::new(rows, Fields::of(table), Position(None), false, session, Order::Physical)
}
