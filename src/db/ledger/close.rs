//! The closing unit of a proof: its barrier, its rounds, its end, and what the pass had walked.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::shard::{Claim, count, milliseconds};
use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::{Parameter, Transaction};

/// Adds the closing unit of a proof, and with it the barrier: call it before any page is read.
pub async fn add(
    transaction: &Transaction<'_>,
    run_id: i64,
    pass: i32,
) -> Result<(), DatabaseError> {
    transaction.execute(sql::ADD_CLOSE, &[(&run_id, Type::INT8), (&pass, Type::INT4)]).await?;
    Ok(())
}

/// Ends one round of a close; answers how many rounds there have been, `None` when it is not ours.
pub async fn round(
    transaction: &Transaction<'_>,
    claim: &Claim,
    remaining: u64,
    barrier: &str,
    lease: Duration,
) -> Result<Option<u32>, DatabaseError> {
    let row = transaction
        .query_opt(
            sql::CLOSE_ROUND,
            &[
                (&claim.id.run_id, Type::INT8),
                (&claim.id.pass, Type::INT4),
                (&claim.epoch, Type::INT4),
                (&count(remaining), Type::INT8),
                (&barrier, Type::TEXT),
                (&milliseconds(lease), Type::FLOAT8),
            ],
        )
        .await?;
    Ok(row.map(|row| row.get::<_, i32>(0).unsigned_abs()))
}

/// The final counts of a proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FinalCounts {
    pub remaining: u64,
    pub failed: u64,
    pub accepted: u64,
}

/// Ends a close; false when it is not ours.
pub async fn done(
    transaction: &Transaction<'_>,
    claim: &Claim,
    counts: FinalCounts,
) -> Result<bool, DatabaseError> {
    let row = transaction
        .query_opt(
            sql::CLOSE_DONE,
            &[
                (&claim.id.run_id, Type::INT8),
                (&claim.id.pass, Type::INT4),
                (&claim.epoch, Type::INT4),
                (&count(counts.remaining), Type::INT8),
                (&count(counts.failed), Type::INT8),
                (&count(counts.accepted), Type::INT8),
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// A relation as a pass walked it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Walked {
    pub relation: u32,
    pub relfilenode: u32,
    pub table_name: String,
}

/// The relations and files that a proof pass walked.
pub async fn walked(
    transaction: &Transaction<'_>,
    run_id: i64,
    pass: i32,
) -> Result<Vec<Walked>, DatabaseError> {
    let rows = transaction
        .query(sql::WALKED_RELATIONS, &[(&run_id, Type::INT8), (&pass, Type::INT4)])
        .await?;
    let walked = |row: &Row| Walked {
        relation: row.get("relation"),
        relfilenode: row.get("relfilenode"),
        table_name: row.get("table_name"),
    };
    Ok(rows.iter().map(walked).collect())
}

/// How many values the walk of a pass was to reseal and did not: their rows were changed meanwhile, or
/// others held them.
pub async fn walk_conflicts(
    transaction: &Transaction<'_>,
    run_id: i64,
    pass: i32,
) -> Result<u64, DatabaseError> {
    let parameters: [Parameter<'_>; 2] = [(&run_id, Type::INT8), (&pass, Type::INT4)];
    let row = transaction.query_one(sql::WALK_CONFLICTS, &parameters).await?;
    Ok(row.get::<_, i64>("conflicts").unsigned_abs())
}
