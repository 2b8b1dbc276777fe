//! Which unreadable values somebody accepted as they are.

use std::sync::Arc;

use tokio_postgres::types::Type;

use crate::db::session::{Session, Terms};
use crate::db::transaction::Parameter;
use crate::error::Result;
use crate::plan::{Plan, TablePlan};
use crate::rotate::failures::{FailedValues, Taken};
use crate::rotate::judge::{self, Intent, JudgedPage};
use crate::rotate::sift::still_page;
use crate::rotate::snapshot::Seen;
use crate::rotate::statements;

/// Values of the closing look that the current key does not open and nobody accepted. Those whose rows
/// were too many to be kept count as not accepted.
pub async fn newly_found(session: &mut Session, plan: &Plan, seen: Seen) -> Result<u64> {
    debug_assert!(seen.unfinished.len() == plan.tables().len(), "every table was looked at");
    let mut found = seen.previous + seen.failed;
    for (table, rows) in seen.unfinished {
        let page = still_page(rows, &table, session.stamp());
        let judged = judge::judge(page, Arc::clone(&table), Intent::Read).await?;
        found = found.saturating_sub(accepted(session, &table, &judged).await?);
    }
    Ok(found)
}

/// How many unreadable values of a page were accepted as they are.
pub async fn accepted(
    session: &mut Session,
    table: &TablePlan,
    judged: &JudgedPage,
) -> Result<u64> {
    let mut failed = FailedValues::default();
    for row in 0..judged.page.len() {
        for column in 0..table.columns.len() {
            failed.take(table, judged, (row, column), Taken::NotCurrent);
        }
    }
    if failed.rows.is_empty() || crate::db::ledger::setup::version(session).await?.is_none() {
        return Ok(0);
    }
    let name = table.relation.plain();
    let keys = failed.keys(table, &judged.page);
    let mut parameters: Vec<Parameter<'_>> = vec![
        (&name, Type::TEXT),
        (&failed.columns, Type::TEXT_ARRAY),
        (&failed.digests, Type::BYTEA_ARRAY),
        (&failed.paths, Type::TEXT_ARRAY),
    ];
    parameters.extend(keys.iter().map(|(key, kind)| (key as _, kind.clone())));
    let transaction = session.begin(&Terms::reading()).await?;
    let row = transaction.query_one(&statements::count_accepted(table), &parameters).await?;
    transaction.commit().await?;
    Ok(row.get::<_, i64>("accepted").unsigned_abs())
}
