//! What passphrases are called. A fingerprint of one could be guessed at leisure, so each has a random label.

use tokio_postgres::types::Type;

use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// A label, and what tells that a passphrase is the one that was called so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPassphrase {
    pub label: String,
    pub salt: Vec<u8>,
    pub verifier: Vec<u8>,
}

/// All that were named.
pub async fn all(transaction: &Transaction<'_>) -> Result<Vec<NamedPassphrase>, DatabaseError> {
    let rows = transaction.query(sql::PASSPHRASES, &[]).await?;
    let named = rows.iter().map(|row| NamedPassphrase {
        label: row.get("label"),
        salt: row.get("salt"),
        verifier: row.get("verifier"),
    });
    Ok(named.collect())
}

/// Keeps one.
pub async fn keep(
    transaction: &Transaction<'_>,
    named: &NamedPassphrase,
) -> Result<(), DatabaseError> {
    let NamedPassphrase { label, salt, verifier } = named;
    let parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)] =
        &[(label, Type::TEXT), (salt, Type::BYTEA), (verifier, Type::BYTEA)];
    transaction.query(sql::NAME_PASSPHRASE, parameters).await?;
    Ok(())
}
