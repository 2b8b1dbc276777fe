//! Which of the failures that a closing look found are listed already. It reads the ledger, in the look's own
//! snapshot.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::db::session::SessionStamp;
use crate::db::transaction::{Parameter, Transaction};
use crate::error::Result;
use crate::plan::TablePlan;
use crate::rotate::failures::{FailedValues, Taken};
use crate::rotate::judge::{self, Intent, JudgedPage, Judgement};
use crate::rotate::sift::still_page;
use crate::rotate::statements;

/// What is left of rows.
pub(super) struct Unlisted {
    pub rows: Vec<Row>,
    /// Values of the others that a previous key opens: the database has refused them, and nobody has written them
    /// since.
    pub refused: u64,
    /// Values of the others that no key service need be asked about once more.
    pub unknown: u64,
}

/// The rows without those that hold nothing but failures which this pass of a run has listed as they are.
pub(super) async fn left_out(
    transaction: &Transaction<'_>,
    session: SessionStamp,
    table: &Arc<TablePlan>,
    rows: Vec<Row>,
    pass: (i64, i32),
) -> Result<Unlisted> {
    if rows.is_empty() {
        return Ok(Unlisted { rows, refused: 0, unknown: 0 });
    }
    let page = still_page(rows, table, session);
    let judged = judge::judge(page, Arc::clone(table), Intent::Sift).await?;
    let mut failed = FailedValues::default();
    for row in 0..judged.page.len() {
        for column in 0..table.columns.len() {
            failed.take(table, &judged, (row, column), Taken::Listable);
        }
    }
    let mut unfinished: Vec<u64> = (0..judged.page.len())
        .map(|row| judged.count_in_row(row, Judgement::is_unfinished))
        .collect();
    for number in numbers(transaction, table, &judged, &failed, pass).await? {
        unfinished[failed.rows[number]] -= 1;
    }
    let keep: Vec<bool> = unfinished.into_iter().map(|values| values > 0).collect();
    let count = |what: Judgement| -> u64 {
        let left_out = (0..keep.len()).filter(|row| !keep[*row]);
        left_out.map(|row| judged.count_in_row(row, |judgement| *judgement == what)).sum()
    };
    let (refused, unknown) = (count(Judgement::Previous), count(Judgement::Unknown));
    Ok(Unlisted { rows: judged.page.into_rows(&keep), refused, unknown })
}

/// Which of the failed values are listed.
async fn numbers(
    transaction: &Transaction<'_>,
    table: &TablePlan,
    judged: &JudgedPage,
    failed: &FailedValues,
    (run_id, pass): (i64, i32),
) -> Result<Vec<usize>> {
    if failed.rows.is_empty() {
        return Ok(Vec::new());
    }
    let name = table.relation.plain();
    let keys = failed.keys(table, &judged.page);
    let mut parameters: Vec<Parameter<'_>> = vec![
        (&name, Type::TEXT),
        (&run_id, Type::INT8),
        (&pass, Type::INT4),
        (&failed.columns, Type::TEXT_ARRAY),
        (&failed.digests, Type::BYTEA_ARRAY),
        (&failed.paths, Type::TEXT_ARRAY),
    ];
    parameters.extend(keys.iter().map(|(key, kind)| (key as _, kind.clone())));
    let rows = transaction.query(&statements::listed_failures(table), &parameters).await?;
    // WITH ORDINALITY counts from one
    Ok(rows.iter().map(|row| row.get::<_, i64>(0).unsigned_abs() as usize - 1).collect())
}
