//! The token of a run (`RESEAL_RUN_TOKEN`): all processes that have it belong to that run.

use tokio_postgres::types::Type;

use super::run::{RingKeys, Wanted, parse_keys};
use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// The run that a token names.
#[derive(Clone, Debug)]
pub struct NamedRun {
    pub run_id: i64,
    pub state: String,
    keys: Vec<RingKeys>,
    config_digest: String,
}

impl NamedRun {
    pub fn has_ended(&self) -> bool {
        self.state != "running"
    }

    /// Whether the command that started it is ours: only then may its work go on.
    pub fn is_of(&self, wanted: &Wanted) -> bool {
        self.keys == wanted.keys && self.config_digest == wanted.config_digest
    }
}

/// The run that a token names, if there is one.
pub async fn find(
    transaction: &Transaction<'_>,
    token: &str,
) -> Result<Option<NamedRun>, DatabaseError> {
    let row = transaction.query_opt(sql::RUN_BY_TOKEN, &[(&token, Type::TEXT)]).await?;
    Ok(row.map(|row| NamedRun {
        run_id: row.get("run_id"),
        state: row.get("state"),
        keys: parse_keys(row.get("keys")),
        config_digest: row.get("config_digest"),
    }))
}
