//! What a report says of a run besides its status: read from the ledger and from the server.

use serde::Serialize;
use tokio_postgres::types::Type;

use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// What else the ledger keeps of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFacts {
    pub config_digest: String,
    pub tool_version: String,
    /// From its start to its end, or until now.
    pub seconds: f64,
}

pub async fn run(transaction: &Transaction<'_>, run_id: i64) -> Result<RunFacts, DatabaseError> {
    let row = transaction.query_one(sql::REPORT_RUN, &[(&run_id, Type::INT8)]).await?;
    Ok(RunFacts {
        config_digest: row.get("config_digest"),
        tool_version: row.get("tool_version"),
        seconds: row.get("seconds"),
    })
}

/// Which database it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerFacts {
    /// Of the cluster, as `pg_controldata` shows it.
    pub system_identifier: String,
    pub database_name: String,
    pub server_version: String,
    /// Who has asked for the report.
    pub database_role: String,
    /// The server's now; `None` on a standby.
    pub timeline: Option<i64>,
    #[serde(skip)]
    pub asked_at: String,
}

pub async fn server(transaction: &Transaction<'_>) -> Result<ServerFacts, DatabaseError> {
    let row = transaction.query_one(sql::REPORT_SERVER, &[]).await?;
    Ok(ServerFacts {
        system_identifier: row.get("system_identifier"),
        database_name: row.get("database_name"),
        server_version: row.get("server_version"),
        database_role: row.get("database_role"),
        timeline: row.get("timeline"),
        asked_at: row.get("asked_at"),
    })
}

/// Since when this ledger knows a key. The key may be older.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyAge {
    pub first_seen_at: Option<String>,
    pub first_current_at: Option<String>,
    /// Whole days since it was first seen.
    pub days: Option<i64>,
}

pub async fn key_age(transaction: &Transaction<'_>, key_id: &str) -> Result<KeyAge, DatabaseError> {
    let row = transaction.query_one(sql::REPORT_KEY_FIRST_SEEN, &[(&key_id, Type::TEXT)]).await?;
    Ok(KeyAge {
        first_seen_at: row.get("first_seen_at"),
        first_current_at: row.get("first_current_at"),
        days: row.get("days"),
    })
}

/// Failures of one kind, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureGroup {
    pub table: String,
    pub column: String,
    pub reason: String,
    /// `open`, `accepted` or `resolved`.
    pub disposition: String,
    pub failures: i64,
}

pub async fn failures(
    transaction: &Transaction<'_>,
    run_id: i64,
) -> Result<Vec<FailureGroup>, DatabaseError> {
    let rows = transaction.query(sql::REPORT_FAILURES, &[(&run_id, Type::INT8)]).await?;
    let group = |row: &tokio_postgres::Row| FailureGroup {
        table: row.get("table_name"),
        column: row.get("column_name"),
        reason: row.get("reason"),
        disposition: row.get("disposition"),
        failures: row.get("failures"),
    };
    Ok(rows.iter().map(group).collect())
}

/// How far a run was at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Since the start of the run.
    pub seconds: f64,
    pub pass: i32,
    /// Values met so far, in all passes.
    pub values: i64,
}

pub async fn curve(
    transaction: &Transaction<'_>,
    run_id: i64,
) -> Result<Vec<Point>, DatabaseError> {
    let rows = transaction.query(sql::REPORT_CURVE, &[(&run_id, Type::INT8)]).await?;
    let point = |row: &tokio_postgres::Row| Point {
        seconds: row.get("seconds"),
        pass: row.get("pass"),
        values: row.get("values_done"),
    };
    Ok(rows.iter().map(point).collect())
}
