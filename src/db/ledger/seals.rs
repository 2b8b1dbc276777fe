//! How often a key may have sealed.
//!
//! GCM with random 96-bit nonces allows 2^32 seals under one key (NIST SP 800-38D, section 8.3). They
//! are reserved in the ledger before they are used, so a crash can only over-count.

use tokio_postgres::types::Type;

use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// Seals under one key with random nonces, at most (NIST SP 800-38D, section 8.3).
pub const SEALS_MAX: u64 = 1 << 32;

/// Reserves `count` seals under a key; answers how many are reserved in all.
pub async fn reserve(
    transaction: &Transaction<'_>,
    key_id: &str,
    count: u64,
) -> Result<u64, DatabaseError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let row = transaction
        .query_one(sql::RESERVE_SEALS, &[(&key_id, Type::TEXT), (&count, Type::INT8)])
        .await?;
    Ok(row.get::<_, i64>(0).unsigned_abs())
}

/// How many seals are reserved under a key so far.
pub async fn reserved(transaction: &Transaction<'_>, key_id: &str) -> Result<u64, DatabaseError> {
    let row = transaction.query_opt(sql::SEALS_RESERVED, &[(&key_id, Type::TEXT)]).await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
}
