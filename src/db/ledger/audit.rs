//! Who did what, when: append-only.

use serde_json::Value;
use tokio_postgres::types::Type;

use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// Records an event in the same transaction as what it tells of.
pub async fn record(
    transaction: &Transaction<'_>,
    run_id: Option<i64>,
    event: &str,
    detail: &Value,
) -> Result<(), DatabaseError> {
    let host = host_name();
    let detail = detail.to_string();
    transaction
        .execute(
            sql::AUDIT,
            &[
                (&run_id, Type::INT8),
                (&event, Type::TEXT),
                (&host, Type::TEXT),
                (&detail, Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}

/// The machine or pod; in a container the host name is the pod's name.
pub fn host_name() -> Option<String> {
    std::env::var("HOSTNAME").ok().or_else(|| {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_owned())
    })
}
