//! Shards and their checkpoints: claimed, fenced, moved, released.
//!
//! A shard is owned by one worker at a time, under an epoch and a lease on the server's clock. Taking
//! one over is always safe: the former owner's next commit fails at the fence.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::standing::WaitsFor;
use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// A position or bound: the columns of a row key, or one tid, in binary form.
pub type Bound = Vec<Vec<u8>>;

/// What is done with the rows of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Key order; values under a previous key are resealed.
    Reseal,
    /// The same in physical order: random keys would lead from block to block.
    ResealByBlock,
    /// Physical order; every value is opened, and resealed where it still needs a previous key.
    Walk,
    /// The end of a proof: wait for writers, read what they wrote.
    Close,
}

impl Step {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reseal => "reseal",
            Self::ResealByBlock => "reseal_by_block",
            Self::Walk => "walk",
            Self::Close => "close",
        }
    }

    fn from_ledger(text: &str) -> Self {
        match text {
            "reseal" => Self::Reseal,
            "reseal_by_block" => Self::ResealByBlock,
            "walk" => Self::Walk,
            _ => Self::Close,
        }
    }
}

/// Which shard: the primary key of its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardId {
    pub run_id: i64,
    pub pass: i32,
    pub table_name: String,
    pub shard: i32,
}

/// A shard to be worked on, before anyone claimed it.
#[derive(Clone, Debug)]
pub struct NewShard {
    pub id: ShardId,
    pub step: Step,
    pub relation: u32,
    pub relfilenode: u32,
    pub after: Option<Bound>,
    pub until: Option<Bound>,
    /// Of the columns of the row key; none in physical order.
    pub key_types: Vec<u32>,
}

/// A shard that this worker owns, as long as its epoch is the newest.
#[derive(Clone, Debug)]
pub struct Claim {
    pub id: ShardId,
    pub step: Step,
    pub relation: u32,
    pub after: Option<Bound>,
    pub until: Option<Bound>,
    pub position: Option<Bound>,
    /// Of the columns of the row key when the pass began.
    pub key_types: Vec<u32>,
    pub epoch: i32,
    /// Of a close: the oldest transaction that the walk may have missed (an xid8).
    pub barrier: Option<String>,
}

/// Who claims a shard, and for how long.
#[derive(Clone, Debug)]
pub struct Owner {
    pub name: String,
    pub lease: Duration,
}

/// What one committed page adds to its checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub rows: u64,
    pub current: u64,
    pub resealed: u64,
    pub failed: u64,
    pub conflicts: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.current += other.current;
        self.resealed += other.resealed;
        self.failed += other.failed;
        self.conflicts += other.conflicts;
    }
}

pub async fn add(transaction: &Transaction<'_>, shard: &NewShard) -> Result<(), DatabaseError> {
    transaction
        .execute(
            sql::ADD_SHARD,
            &[
                (&shard.id.run_id, Type::INT8),
                (&shard.id.pass, Type::INT4),
                (&shard.id.table_name, Type::TEXT),
                (&shard.id.shard, Type::INT4),
                (&shard.step.as_str(), Type::TEXT),
                (&shard.relation, Type::OID),
                (&shard.relfilenode, Type::OID),
                (&shard.after, Type::BYTEA_ARRAY),
                (&shard.until, Type::BYTEA_ARRAY),
                (&shard.key_types, Type::OID_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Claims a free shard of the run's current pass.
pub async fn claim(
    transaction: &Transaction<'_>,
    run_id: i64,
    owner: &Owner,
    direct: bool,
) -> Result<Option<Claim>, DatabaseError> {
    let row = transaction
        .query_opt(
            sql::CLAIM,
            &[
                (&run_id, Type::INT8),
                (&owner.name, Type::TEXT),
                (&milliseconds(owner.lease), Type::FLOAT8),
                (&direct, Type::BOOL),
            ],
        )
        .await?;
    Ok(row.map(|row| read_claim(run_id, &row)))
}

fn read_claim(run_id: i64, row: &Row) -> Claim {
    Claim {
        id: ShardId {
            run_id,
            pass: row.get("pass"),
            table_name: row.get("table_name"),
            shard: row.get("shard"),
        },
        step: Step::from_ledger(row.get("step")),
        relation: row.get("relation"),
        after: row.get("range_after"),
        until: row.get("range_until"),
        position: row.get("position"),
        key_types: row.get("key_types"),
        epoch: row.get("epoch"),
        barrier: row.get("barrier"),
    }
}

/// First statement of every commit: locks the checkpoint and tells whether the shard is still ours at
/// this position and the run still wanted.
pub async fn fence(
    transaction: &Transaction<'_>,
    claim: &Claim,
    position: Option<&Bound>,
) -> Result<bool, DatabaseError> {
    let id = &claim.id;
    let row = transaction
        .query_opt(
            sql::FENCE,
            &[
                (&id.run_id, Type::INT8),
                (&id.pass, Type::INT4),
                (&id.table_name, Type::TEXT),
                (&id.shard, Type::INT4),
                (&claim.epoch, Type::INT4),
                (&position, Type::BYTEA_ARRAY),
            ],
        )
        .await?;
    Ok(row.is_some_and(|row| row.get::<_, &str>(0) == "run"))
}

/// Moves the position and adds the counts; renews the lease. `waited` is what was waited for before.
pub async fn move_checkpoint(
    transaction: &Transaction<'_>,
    id: &ShardId,
    position: Option<&Bound>,
    done: bool,
    tally: &Tally,
    lease: Duration,
    waited: Option<WaitsFor<'_>>,
) -> Result<(), DatabaseError> {
    let (reason, text) = waited.map(|waited| (waited.reason, waited.text)).unzip();
    transaction
        .execute(
            sql::MOVE_CHECKPOINT,
            &[
                (&id.run_id, Type::INT8),
                (&id.pass, Type::INT4),
                (&id.table_name, Type::TEXT),
                (&id.shard, Type::INT4),
                (&position, Type::BYTEA_ARRAY),
                (&done, Type::BOOL),
                (&count(tally.rows), Type::INT8),
                (&count(tally.current), Type::INT8),
                (&count(tally.resealed), Type::INT8),
                (&count(tally.failed), Type::INT8),
                (&count(tally.conflicts), Type::INT8),
                (&milliseconds(lease), Type::FLOAT8),
                (&reason, Type::TEXT),
                (&text, Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}

/// Keeps a claimed shard while nothing is committed, and says what is waited for; false when it is no longer
/// ours or wanted.
pub async fn renew_lease(
    transaction: &Transaction<'_>,
    claim: &Claim,
    lease: Duration,
    waits: Option<WaitsFor<'_>>,
) -> Result<bool, DatabaseError> {
    let (reason, text) = waits.map(|waits| (waits.reason, waits.text)).unzip();
    let row = transaction
        .query_opt(
            sql::RENEW_LEASE,
            &[
                (&claim.id.run_id, Type::INT8),
                (&claim.id.pass, Type::INT4),
                (&claim.id.table_name, Type::TEXT),
                (&claim.id.shard, Type::INT4),
                (&claim.epoch, Type::INT4),
                (&milliseconds(lease), Type::FLOAT8),
                (&reason, Type::TEXT),
                (&text, Type::TEXT),
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// A lease, as the statements take it.
pub(super) fn milliseconds(lease: Duration) -> f64 {
    lease.as_secs_f64() * 1000.0
}

/// A count, as the ledger keeps it.
pub(super) fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Ends a shard whose table is gone.
pub async fn pass_over(transaction: &Transaction<'_>, claim: &Claim) -> Result<(), DatabaseError> {
    transaction
        .execute(
            sql::PASS_OVER,
            &[
                (&claim.id.run_id, Type::INT8),
                (&claim.id.pass, Type::INT4),
                (&claim.id.table_name, Type::TEXT),
                (&claim.id.shard, Type::INT4),
                (&claim.epoch, Type::INT4),
            ],
        )
        .await?;
    Ok(())
}

/// Gives back what an owner still holds.
pub async fn release(
    transaction: &Transaction<'_>,
    run_id: i64,
    owner: &Owner,
) -> Result<(), DatabaseError> {
    transaction.execute(sql::RELEASE, &[(&run_id, Type::INT8), (&owner.name, Type::TEXT)]).await?;
    Ok(())
}
