//! Failures: listed, counted, accepted, resolved.

use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::{Parameter, Transaction};

/// A value that could not be resealed, as `reseal failures` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    pub id: i64,
    pub run_id: i64,
    pub table: String,
    pub column: String,
    /// Where in a document the value stands; empty for a whole cell.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The row key's columns as text.
    pub key: Vec<String>,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// More than one where a broken unique index lets rows share the key.
    pub values: i32,
    pub attempts: i32,
    pub first_seen_at: String,
    pub last_seen_at: String,
    pub resolved_at: Option<String>,
    pub accepted_at: Option<String>,
    pub accepted_by: Option<String>,
    pub accepted_reason: Option<String>,
}

/// Failures, resolved and accepted ones too when `all`.
pub async fn list(transaction: &Transaction<'_>, all: bool) -> Result<Vec<Failure>, DatabaseError> {
    let rows = transaction.query(sql::LIST_FAILURES, &[(&all, Type::BOOL)]).await?;
    Ok(rows.iter().map(read).collect())
}

fn read(row: &Row) -> Failure {
    Failure {
        id: row.get("failure_id"),
        run_id: row.get("run_id"),
        table: row.get("table_name"),
        column: row.get("column_name"),
        path: row.get("path"),
        key: row.get("row_key"),
        reason: row.get("reason"),
        sqlstate: row.get("sqlstate"),
        values: row.get("value_count"),
        attempts: row.get("attempts"),
        first_seen_at: row.get("first_seen_at"),
        last_seen_at: row.get("last_seen_at"),
        resolved_at: row.get("resolved_at"),
        accepted_at: row.get("accepted_at"),
        accepted_by: row.get("accepted_by"),
        accepted_reason: row.get("accepted_reason"),
    }
}

/// How many values a pass could not reseal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailureCount {
    pub failed: u64,
    /// Of these, how many were accepted as they are.
    pub accepted: u64,
}

pub async fn count(
    transaction: &Transaction<'_>,
    run_id: i64,
    pass: i32,
) -> Result<FailureCount, DatabaseError> {
    let row = transaction
        .query_one(sql::COUNT_FAILURES, &[(&run_id, Type::INT8), (&pass, Type::INT4)])
        .await?;
    Ok(FailureCount {
        failed: row.get::<_, i64>("failed").unsigned_abs(),
        accepted: row.get::<_, i64>("accepted").unsigned_abs(),
    })
}

/// Whether values of a table are listed that were refused with this SQLSTATE.
pub async fn raised_before(
    transaction: &Transaction<'_>,
    table: &str,
    sqlstate: &str,
) -> Result<bool, DatabaseError> {
    let parameters: [Parameter<'_>; 2] = [(&table, Type::TEXT), (&sqlstate, Type::TEXT)];
    Ok(transaction.query_one(sql::RAISED_BEFORE, &parameters).await?.get("raised"))
}

/// How many values of a run could not be resealed for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    pub reason: String,
    pub failures: u64,
    pub accepted: u64,
}

/// What could not be resealed, by reason; the most frequent first.
pub async fn by_reason(
    transaction: &Transaction<'_>,
    run_id: i64,
) -> Result<Vec<ReasonCount>, DatabaseError> {
    let rows = transaction.query(sql::FAILURES_BY_REASON, &[(&run_id, Type::INT8)]).await?;
    let count = |row: &Row| ReasonCount {
        reason: row.get("reason"),
        failures: row.get::<_, i64>("failures").unsigned_abs(),
        accepted: row.get::<_, i64>("accepted").unsigned_abs(),
    };
    Ok(rows.iter().map(count).collect())
}

/// The column with the most unaccepted failures of a pass, as `table.column`, and how many.
pub async fn worst_column(
    transaction: &Transaction<'_>,
    run_id: i64,
    pass: i32,
) -> Result<Option<(String, u64)>, DatabaseError> {
    let row = transaction
        .query_opt(sql::COUNT_COLUMN_FAILURES, &[(&run_id, Type::INT8), (&pass, Type::INT4)])
        .await?;
    let read = |row: Row| {
        let column =
            format!("{}.{}", row.get::<_, &str>("table_name"), row.get::<_, &str>("column_name"));
        (column, row.get::<_, i64>("failures").unsigned_abs())
    };
    Ok(row.map(read))
}

/// Resolves failures of these columns that the pass, which saw every row, no longer met.
pub async fn resolve_unseen(
    transaction: &Transaction<'_>,
    run_id: i64,
    pass: i32,
    tables: &[String],
    columns: &[String],
) -> Result<(), DatabaseError> {
    transaction
        .execute(
            sql::RESOLVE_FAILURES,
            &[
                (&tables, Type::TEXT_ARRAY),
                (&run_id, Type::INT8),
                (&pass, Type::INT4),
                (&columns, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Resolves failures whose table or column is gone.
pub async fn resolve_gone(transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
    transaction.execute(sql::RESOLVE_GONE, &[]).await?;
    Ok(())
}

/// Accepts a failure; answers the run that saw it last, `None` when there is no such failure.
pub async fn accept(
    transaction: &Transaction<'_>,
    failure_id: i64,
    reason: &str,
) -> Result<Option<i64>, DatabaseError> {
    let row = transaction
        .query_opt(sql::ACCEPT_FAILURE, &[(&failure_id, Type::INT8), (&reason, Type::TEXT)])
        .await?;
    Ok(row.map(|row| row.get("run_id")))
}
