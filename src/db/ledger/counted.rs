//! A run as the ledger knows it: its row and what its checkpoints add up to.

use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::run::{RingKeys, parse_keys};
use super::shard::Tally;
use super::standing::{AskedSettings, Wish, paused_by};
use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// The row of a run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    pub run_id: i64,
    pub state: String,
    pub pass: i32,
    pub keys: Vec<RingKeys>,
    pub total_estimate: u64,
    pub exit_code: Option<i16>,
    pub reason: Option<String>,
    pub proof: Option<Value>,
    pub started_at: String,
    pub completed_at: Option<String>,
    /// A lease is alive.
    pub at_work: bool,
    /// What it is about, as `"schema"."table"."column"`.
    pub columns: Vec<String>,
    /// Tables and columns of the configuration that are not part of it.
    pub left_out: Vec<String>,
    pub wanted: Wish,
    pub wanted_by: Option<String>,
    pub asked: AskedSettings,
    /// A later run, which has made a previous key of this one current again.
    pub gone_back_by: Option<i64>,
}

impl RunRecord {
    /// In people's words: who lets it rest.
    pub fn paused_by(&self) -> String {
        paused_by(self.wanted_by.as_deref())
    }
}

/// What the checkpoints of one pass and table add up to.
#[derive(Clone, Debug)]
pub struct Counted {
    pub pass: i32,
    pub step: String,
    pub table_name: String,
    pub done: bool,
    pub tally: Tally,
    pub remaining: u64,
    pub accepted: u64,
    pub rounds: u64,
}

/// The newest run, or the one with this id.
pub async fn run_record(
    transaction: &Transaction<'_>,
    run_id: Option<i64>,
) -> Result<Option<RunRecord>, DatabaseError> {
    let row = transaction.query_opt(sql::STATUS, &[(&run_id, Type::INT8)]).await?;
    Ok(row.as_ref().map(read_run))
}

fn read_run(row: &Row) -> RunRecord {
    let proof: Option<String> = row.get("proof");
    RunRecord {
        run_id: row.get("run_id"),
        state: row.get("state"),
        pass: row.get("pass"),
        keys: parse_keys(row.get("keys")),
        total_estimate: row.get::<_, i64>("total_estimate").unsigned_abs(),
        exit_code: row.get("exit_code"),
        reason: row.get("reason"),
        proof: proof.and_then(|text| serde_json::from_str(&text).ok()),
        started_at: row.get("started_at"),
        completed_at: row.get("completed_at"),
        at_work: row.get("at_work"),
        columns: row.get("columns"),
        left_out: row.get("left_out"),
        wanted: Wish::from_ledger(row.get("wanted")),
        wanted_by: row.get("wanted_by"),
        asked: AskedSettings::read(row),
        gone_back_by: row.get("gone_back_by"),
    }
}

/// The counts of a run, by pass and table.
pub async fn counts(
    transaction: &Transaction<'_>,
    run_id: i64,
) -> Result<Vec<Counted>, DatabaseError> {
    let rows = transaction.query(sql::COUNTS, &[(&run_id, Type::INT8)]).await?;
    Ok(rows.iter().map(read_counted).collect())
}

fn read_counted(row: &Row) -> Counted {
    let count = |name: &str| row.get::<_, i64>(name).unsigned_abs();
    Counted {
        pass: row.get("pass"),
        step: row.get("step"),
        table_name: row.get("table_name"),
        done: row.get("done"),
        tally: Tally {
            rows: count("rows_read"),
            current: count("current_values"),
            resealed: count("resealed_values"),
            failed: count("failed_values"),
            conflicts: count("conflict_values"),
        },
        remaining: count("remaining_values"),
        accepted: count("accepted_values"),
        rounds: count("rounds"),
    }
}

/// What a run waits for: a name of a closed list, and words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitRecord {
    pub reason: String,
    pub text: String,
}

/// What whoever is at work on a run waits for, each reason once.
pub async fn waits(
    transaction: &Transaction<'_>,
    run_id: i64,
) -> Result<Vec<WaitRecord>, DatabaseError> {
    let rows = transaction.query(sql::WAITS, &[(&run_id, Type::INT8)]).await?;
    let wait = |row: &Row| WaitRecord {
        reason: row.get("waiting"),
        text: row.get::<_, Option<_>>("waiting_for").unwrap_or_default(),
    };
    Ok(rows.iter().map(wait).collect())
}

/// The moment of the newest proof without a failure, in seconds since 1970.
pub async fn last_proof(transaction: &Transaction<'_>) -> Result<Option<f64>, DatabaseError> {
    Ok(transaction.query_one(sql::LAST_PROOF, &[]).await?.get("last_proof"))
}
