//! The closing look: in one snapshot over all tables, every row that the walk may have missed.
//!
//! Everything runs in one REPEATABLE READ transaction, so the moment it speaks of is a single one.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::cursor::Position;
use super::fetch::Limits;
use super::judge::{self, Intent, Judgement};
use super::page::{Fields, Page, SessionStamp};
use super::statements::{self, Order};
use crate::config::Config;
use crate::db::ledger::close::Walked;
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::error::Result;
use crate::plan::{Plan, TablePlan, inspect};

/// Rows that are opened at once while they stream in.
const CHUNK_ROWS: usize = 2_000;
const CHUNK_BYTES: u64 = 4 << 20;

/// The moment of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Server time, UTC.
    pub time: String,
    pub lsn: String,
    pub timeline: i64,
    /// The oldest transaction still running: the next barrier (an xid8).
    pub barrier: String,
}

/// What the snapshot shows beyond the walk.
pub struct Seen {
    pub moment: Moment,
    /// The relations that the configuration means at this moment.
    pub relations: Vec<Walked>,
    /// Rows looked at.
    pub rows: u64,
    /// Values under a previous key.
    pub previous: u64,
    /// Values that nothing opens.
    pub failed: u64,
    /// Rows that need something done, by table; bounded.
    pub unfinished: Vec<(Arc<TablePlan>, Vec<Row>)>,
    /// There were more unfinished rows than are kept.
    pub has_more: bool,
}

/// How much of what needs doing is kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct KeptMax {
    pub rows: usize,
    pub bytes: u64,
}

/// Reads every row written at or after `barrier`, in one snapshot.
pub async fn look(
    session: &mut Session,
    stamp: SessionStamp,
    config: &Config,
    plan: &Plan,
    barrier: &str,
    limits: Limits,
    kept_max: KeptMax,
) -> Result<Seen> {
    let transaction = session.begin(&Terms::snapshot()).await?;
    let moment = moment(&transaction).await?;
    let mut seen = Seen {
        moment,
        relations: Vec::new(),
        rows: 0,
        previous: 0,
        failed: 0,
        unfinished: Vec::new(),
        has_more: false,
    };
    let mut room = kept_max;
    crate::failpoint!("snapshot-taken");
    for table in plan.tables() {
        let rows =
            look_at(&transaction, stamp, table, barrier, limits, &mut room, &mut seen).await?;
        seen.unfinished.push((Arc::clone(table), rows));
    }
    // asked at the end, when our locks keep the files as they are: a table that ALTER TABLE or TRUNCATE
    // rewrote under the snapshot looked empty
    seen.relations = relations(&transaction, config).await?;
    transaction.commit().await?;
    Ok(seen)
}

async fn moment(transaction: &Transaction<'_>) -> Result<Moment> {
    let row = transaction.query_one(sql::PROOF_MOMENT, &[]).await?;
    Ok(Moment {
        time: row.get("moment"),
        lsn: row.get("lsn"),
        timeline: row.get("timeline"),
        barrier: row.get("barrier"),
    })
}

/// What the configured names mean in this snapshot.
async fn relations(transaction: &Transaction<'_>, config: &Config) -> Result<Vec<Walked>> {
    let mut relations = Vec::new();
    for table in &config.tables {
        for facts in inspect::relations(transaction, &table.name).await? {
            relations.push(Walked {
                relation: facts.oid,
                relfilenode: facts.relfilenode,
                table_name: facts.display_name(),
            });
        }
    }
    // two configured names may mean one table
    relations.sort();
    relations.dedup();
    Ok(relations)
}

async fn look_at(
    transaction: &Transaction<'_>,
    stamp: SessionStamp,
    table: &Arc<TablePlan>,
    barrier: &str,
    limits: Limits,
    room: &mut KeptMax,
    seen: &mut Seen,
) -> Result<Vec<Row>> {
    let longest = limits.value_bytes();
    let statement = statements::fetch_since(table);
    let mut stream =
        transaction.stream(&statement, &[(&longest, Type::INT4), (&barrier, Type::TEXT)]).await?;
    let mut kept = Vec::new();
    let mut chunk = Chunk::default();
    while let Some(row) = stream.next().await? {
        chunk.push(row, table);
        if chunk.is_full() {
            chunk.judge(stamp, table, room, seen, &mut kept).await?;
        }
    }
    chunk.judge(stamp, table, room, seen, &mut kept).await?;
    Ok(kept)
}

/// Rows that wait to be opened together.
#[derive(Default)]
struct Chunk {
    rows: Vec<Row>,
    bytes: u64,
}

impl Chunk {
    fn push(&mut self, row: Row, table: &TablePlan) {
        self.bytes += Fields::of(table).bytes(&row);
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= CHUNK_ROWS || self.bytes >= CHUNK_BYTES
    }

    async fn judge(
        &mut self,
        stamp: SessionStamp,
        table: &Arc<TablePlan>,
        room: &mut KeptMax,
        seen: &mut Seen,
        kept: &mut Vec<Row>,
    ) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        seen.rows += rows.len() as u64;
        let page = still_page(rows, table, stamp);
        let judged = judge::judge(page, Arc::clone(table), Intent::Read).await?;
        seen.previous += judged.count(|j| *j == Judgement::Previous);
        seen.failed += judged.count(|j| matches!(j, Judgement::Failed(_)));
        for row in judged.into_unfinished_rows() {
            let bytes = Fields::of(table).bytes(&row);
            if room.rows == 0 || room.bytes == 0 {
                seen.has_more = true;
                continue;
            }
            room.rows -= 1;
            room.bytes = room.bytes.saturating_sub(bytes);
            kept.push(row);
        }
        Ok(())
    }
}

/// Rows as a page that moves no position.
pub fn still_page(rows: Vec<Row>, table: &TablePlan, stamp: SessionStamp) -> Page {
    Page::new(rows, Fields::of(table), Position(None), false, stamp, Order::Physical)
}
