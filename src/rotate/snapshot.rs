//! The closing look: in one snapshot over all tables, every row that the walk may have missed.
//!
//! Everything runs in one REPEATABLE READ transaction, so the moment it speaks of is a single one.

mod listed;
mod reading;

use std::sync::Arc;

use tokio_postgres::Row;

use self::reading::Reading;
pub use self::reading::Scope;
use super::judge::{self, Intent, JudgedPage, Judgement};
use super::sift::still_page;
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
    /// Rows that need something done, by table; bounded, and without failures that are listed already.
    pub unfinished: Vec<(Arc<TablePlan>, Vec<Row>)>,
    /// There were more unfinished rows than are kept.
    pub has_more: bool,
}

impl Seen {
    fn at(moment: Moment) -> Self {
        Self {
            moment,
            relations: Vec::new(),
            rows: 0,
            previous: 0,
            failed: 0,
            unknown: 0,
            unfinished: Vec::new(),
            has_more: false,
        }
    }

    fn count_row(&mut self, judged: &JudgedPage, row: usize) {
        self.rows += 1;
        self.previous += judged.count_in_row(row, |j| *j == Judgement::Previous);
        self.failed += judged.count_in_row(row, |j| matches!(j, Judgement::Failed(_)));
        self.unknown += judged.count_in_row(row, |j| *j == Judgement::Unknown);
    }

    /// Keeps rows of the table that is being read.
    fn keep(&mut self, rows: Vec<Row>) {
        if let Some((_, kept)) = self.unfinished.last_mut() {
            kept.extend(rows);
        }
    }
}

/// Reads every row written at or after the barrier, in one snapshot.
pub async fn look(
    session: &mut Session,
    config: &Config,
    plan: &Plan,
    scope: Scope<'_>,
) -> Result<Seen> {
    let stamp = session.stamp();
    let transaction = session.begin(&Terms::snapshot()).await?;
    let mut seen = Seen::at(moment(&transaction).await?);
    crate::failpoint!("snapshot-taken");
    let mut reading =
        Reading { transaction: &transaction, session: stamp, scope, room: scope.room };
    for table in plan.tables() {
        reading.read(table, &mut seen).await?;
    }
    reading.forget_listed(&mut seen).await?;
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
