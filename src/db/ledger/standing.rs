//! Where a run stands, and what an operator wants of it while it goes on: rest, go on, end; how fast, with
//! how many workers.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::audit;
use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// What an operator wants of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Run,
    Pause,
    Abandon,
}

impl Wish {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Pause => "pause",
            Self::Abandon => "abandon",
        }
    }

    pub(super) fn from_ledger(text: &str) -> Self {
        match text {
            "run" => Self::Run,
            "pause" => Self::Pause,
            _ => Self::Abandon,
        }
    }
}

/// What `reseal set` has said of each process of a run; `None` leaves it to the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskedSettings {
    /// 0 is no ceiling.
    pub rows_per_second: Option<u64>,
    pub workers: Option<u32>,
}

impl AskedSettings {
    pub(super) fn read(row: &Row) -> Self {
        let rows_per_second: Option<i64> = row.get("rows_per_second");
        let workers: Option<i32> = row.get("workers");
        Self {
            rows_per_second: rows_per_second.map(i64::unsigned_abs),
            workers: workers.map(i32::unsigned_abs),
        }
    }
}

/// What the owner of a shard waits for.
#[derive(Clone, Copy, Debug)]
pub struct WaitsFor<'w> {
    /// A name of a closed list.
    pub reason: &'w str,
    /// In people's words.
    pub text: &'w str,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: String,
    pub wanted: Wish,
    /// Who wanted that; `None` as long as nobody has said anything.
    pub wanted_by: Option<String>,
    pub asked: AskedSettings,
    pub pass: i32,
    /// Every shard of the current pass is done.
    pub pass_done: bool,
}

impl Standing {
    pub fn has_ended(&self) -> bool {
        self.state != "running"
    }

    /// In people's words: who lets it rest.
    pub fn paused_by(&self) -> String {
        paused_by(self.wanted_by.as_deref())
    }
}

/// In people's words: who lets a run rest.
pub fn paused_by(who: Option<&str>) -> String {
    format!("paused by {}", who.unwrap_or("an operator"))
}

/// Where a run stands; `None` when the ledger does not know it.
pub async fn standing(
    transaction: &Transaction<'_>,
    run_id: i64,
) -> Result<Option<Standing>, DatabaseError> {
    let row = transaction.query_opt(sql::PASS_STATE, &[(&run_id, Type::INT8)]).await?;
    Ok(row.map(|row| Standing {
        state: row.get("state"),
        wanted: Wish::from_ledger(row.get("wanted")),
        wanted_by: row.get("wanted_by"),
        asked: AskedSettings::read(&row),
        pass: row.get("pass"),
        pass_done: row.get("pass_done"),
    }))
}

/// Says what is wanted of a run from now on; answers what was wanted before, `None` when it has ended or was
/// abandoned.
pub async fn want(
    transaction: &Transaction<'_>,
    run_id: i64,
    wish: Wish,
    operator: Option<&str>,
) -> Result<Option<Wish>, DatabaseError> {
    let host = audit::host_name();
    let row = transaction
        .query_opt(
            sql::WANT,
            &[
                (&run_id, Type::INT8),
                (&wish.as_str(), Type::TEXT),
                (&host, Type::TEXT),
                (&operator, Type::TEXT),
            ],
        )
        .await?;
    Ok(row.map(|row| Wish::from_ledger(row.get(0))))
}

/// Sets what is given, and leaves the rest; false when the run has ended.
pub async fn set(
    transaction: &Transaction<'_>,
    run_id: i64,
    asked: AskedSettings,
) -> Result<bool, DatabaseError> {
    let rows_per_second = asked.rows_per_second.map(|rate| i64::try_from(rate).unwrap_or(i64::MAX));
    let workers = asked.workers.map(|workers| i32::try_from(workers).unwrap_or(i32::MAX));
    let row = transaction
        .query_opt(
            sql::SET_SETTINGS,
            &[(&run_id, Type::INT8), (&rows_per_second, Type::INT8), (&workers, Type::INT4)],
        )
        .await?;
    Ok(row.is_some())
}
