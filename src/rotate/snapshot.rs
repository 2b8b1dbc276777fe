//! The closing look: in one snapshot over all tables, every row that the walk may have missed.
//!
//! Everything runs in one REPEATABLE READ transaction, so the moment it speaks of is a single one.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::fetch::Limits;
use super::judge::{self, Intent, JudgedPage, Judgement};
use super::page::Fields;
use super::sift::{Room, sift, still_page};
use super::statements;
use crate::config::Config;
use crate::db::ledger::close::Walked;
use crate::db::session::{Session, SessionStamp, Terms};
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::error::Result;
use crate::plan::{Plan, TablePlan, inspect};

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
    /// Values under a previous key, and those that no key service could be asked about.
    pub previous: u64,
    /// Values that nothing opens.
    pub failed: u64,
    /// Values that a key service must be asked about; none in the end.
    unknown: u64,
    /// Rows that need something done, by table; bounded.
    pub unfinished: Vec<(Arc<TablePlan>, Vec<Row>)>,
    /// There were more unfinished rows than are kept.
    pub has_more: bool,
}

/// Reads every row written at or after `barrier`, in one snapshot.
pub async fn look(
    session: &mut Session,
    config: &Config,
    plan: &Plan,
    barrier: &str,
    limits: Limits,
    room: Room,
) -> Result<Seen> {
    let stamp = session.stamp();
    let transaction = session.begin(&Terms::snapshot()).await?;
    let moment = moment(&transaction).await?;
    let mut seen = Seen {
        moment,
        relations: Vec::new(),
        rows: 0,
        previous: 0,
        failed: 0,
        unknown: 0,
        unfinished: Vec::new(),
        has_more: false,
    };
    let mut room = room;
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
    ask(&mut seen, stamp).await?;
    Ok(seen)
}

/// Asks key services about what was kept, now that no transaction stands open. Whatever was too much to be
/// kept counts as not done.
async fn ask(seen: &mut Seen, session: SessionStamp) -> Result<()> {
    for (table, rows) in std::mem::take(&mut seen.unfinished) {
        if rows.is_empty() || !table.asks_services() {
            seen.unfinished.push((table, rows));
            continue;
        }
        let page = still_page(rows, &table, session);
        let sifted = judge::judge(page, Arc::clone(&table), Intent::Sift).await?;
        let counts = |judged: &JudgedPage| {
            let failed = judged.count(|j| matches!(j, Judgement::Failed(_)));
            (judged.count(|j| *j == Judgement::Previous), failed)
        };
        let ((previous, failed), unknown) =
            (counts(&sifted), sifted.count(|j| *j == Judgement::Unknown));
        let asked = judge::ask(sifted, Arc::clone(&table), Intent::Read).await?;
        let (previous_now, failed_now) = counts(&asked);
        seen.previous += previous_now - previous;
        seen.failed += failed_now - failed;
        seen.unknown -= unknown;
        seen.unfinished.push((table, asked.into_unfinished_rows()));
    }
    seen.previous += std::mem::take(&mut seen.unknown);
    Ok(())
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
    session: SessionStamp,
    table: &Arc<TablePlan>,
    barrier: &str,
    limits: Limits,
    room: &mut Room,
    seen: &mut Seen,
) -> Result<Vec<Row>> {
    let longest = limits.value_bytes();
    let statement = statements::fetch_since(table);
    let parameters = [(&longest as _, Type::INT4), (&barrier as _, Type::TEXT)];
    let stream = transaction.stream(&statement, &parameters).await?;
    let (fields, mut kept) = (Fields::of(table), Vec::new());
    sift(stream, session, table, |judged| {
        seen.rows += judged.page.len() as u64;
        seen.previous += judged.count(|j| *j == Judgement::Previous);
        seen.failed += judged.count(|j| matches!(j, Judgement::Failed(_)));
        seen.unknown += judged.count(|j| *j == Judgement::Unknown);
        for row in judged.into_unfinished_rows() {
            if room.is_full() {
                seen.has_more = true;
                break;
            }
            room.take(fields.bytes(&row));
            kept.push(row);
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(kept)
}
