//! Runs: started, resumed, superseded, ended.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::types::Type;

use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::error::ExitCode;

/// The key ids of one ring, as the ledger keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingKeys {
    pub ring: String,
    pub current: String,
    pub previous: Vec<String>,
}

impl RingKeys {
    /// Whether every key of `other` is one of ours.
    fn include(&self, other: &RingKeys) -> bool {
        std::iter::once(&other.current)
            .chain(&other.previous)
            .all(|key| *key == self.current || self.previous.contains(key))
    }
}

/// What a command asks for, as far as the ledger tells one run from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub token: Option<String>,
    pub columns: Vec<String>,
    /// Tables of the configuration that are not part of the run.
    pub left_out: Vec<String>,
    pub keys: Vec<RingKeys>,
    /// SHA-256 of tables, columns and layouts as written.
    pub config_digest: String,
    pub total_estimate: u64,
}

/// An unfinished run that shares a column with ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRun {
    pub run_id: i64,
    pub columns: Vec<String>,
    pub keys: Vec<RingKeys>,
    pub config_digest: String,
}

/// How a command relates to the unfinished runs it overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    New,
    Resume(i64),
    /// Our keys include all of theirs: their work goes on under the newer key.
    Supersede(Vec<i64>),
    Overlap(i64),
}

/// Pure: what to do about unfinished runs. The same command resumes; one whose keys include all of
/// theirs supersedes; anything else overlaps.
pub fn relate(open: &[OpenRun], wanted: &Wanted) -> Relation {
    let same =
        |run: &&OpenRun| run.config_digest == wanted.config_digest && run.keys == wanted.keys;
    if let Some(run) = open.iter().find(same) {
        return Relation::Resume(run.run_id);
    }
    if let Some(run) = open.iter().find(|run| !covers(wanted, run)) {
        return Relation::Overlap(run.run_id);
    }
    match open {
        [] => Relation::New,
        runs => Relation::Supersede(runs.iter().map(|run| run.run_id).collect()),
    }
}

fn covers(wanted: &Wanted, run: &OpenRun) -> bool {
    let columns = run.columns.iter().all(|column| wanted.columns.contains(column));
    let keys = run.keys.iter().all(|theirs| {
        wanted.keys.iter().any(|ours| ours.ring == theirs.ring && ours.include(theirs))
    });
    columns && keys
}

/// Unfinished runs that share a column with `columns`.
pub async fn open_runs(
    transaction: &Transaction<'_>,
    columns: &[String],
) -> Result<Vec<OpenRun>, DatabaseError> {
    let rows = transaction.query(sql::OPEN_RUNS, &[(&columns, Type::TEXT_ARRAY)]).await?;
    let run = |row: &tokio_postgres::Row| OpenRun {
        run_id: row.get("run_id"),
        columns: row.get("columns"),
        keys: parse_keys(row.get("keys")),
        config_digest: row.get("config_digest"),
    };
    Ok(rows.iter().map(run).collect())
}

/// Keys as stored; an unreadable list is an empty one, which nothing equals.
pub fn parse_keys(text: &str) -> Vec<RingKeys> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Starts a run; answers its id.
pub async fn start(transaction: &Transaction<'_>, wanted: &Wanted) -> Result<i64, DatabaseError> {
    let keys = serde_json::to_string(&wanted.keys).expect("key ids are plain strings");
    let estimate = i64::try_from(wanted.total_estimate).unwrap_or(i64::MAX);
    let row = transaction
        .query_one(
            sql::START_RUN,
            &[
                (&wanted.token, Type::TEXT),
                (&wanted.columns, Type::TEXT_ARRAY),
                (&keys, Type::TEXT),
                (&wanted.config_digest, Type::TEXT),
                (&estimate, Type::INT8),
                (&env!("CARGO_PKG_VERSION"), Type::TEXT),
                (&wanted.left_out, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(row.get(0))
}

/// What tells a run from another one of the same id: a failover to a standby that had not heard of the
/// run, or a restore, gives its id away again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(String);

/// Who the run of this id is; `None` when the ledger does not know it.
pub async fn identity(
    transaction: &Transaction<'_>,
    run_id: i64,
) -> Result<Option<Identity>, DatabaseError> {
    let select =
        "SELECT concat_ws(' ', started_at, config_digest, keys) FROM reseal.run WHERE run_id = $1";
    let row = transaction.query_opt(select, &[(&run_id, Type::INT8)]).await?;
    Ok(row.map(|row| Identity(row.get(0))))
}

/// The ids of unfinished runs, oldest first.
pub async fn unfinished(transaction: &Transaction<'_>) -> Result<Vec<i64>, DatabaseError> {
    let unfinished = "SELECT run_id FROM reseal.run WHERE state = 'running' ORDER BY run_id";
    Ok(transaction.query(unfinished, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// Whether the newest run that mentions a key had it as its current key; `None` when none does.
pub async fn was_current(
    transaction: &Transaction<'_>,
    key_id: &str,
) -> Result<Option<bool>, DatabaseError> {
    let row = transaction.query_opt(sql::LATEST_MENTION_OF_KEY, &[(&key_id, Type::TEXT)]).await?;
    Ok(row.map(|row| row.get("was_current")))
}

/// Moves a run to its next pass; `None` when another process was first or the run is no longer wanted.
pub async fn enter_pass(
    transaction: &Transaction<'_>,
    run_id: i64,
    from: i32,
) -> Result<Option<i32>, DatabaseError> {
    let row = transaction
        .query_opt(sql::ENTER_PASS, &[(&run_id, Type::INT8), (&from, Type::INT4)])
        .await?;
    Ok(row.map(|row| row.get(0)))
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ending {
    pub state: &'static str,
    pub exit_code: ExitCode,
    pub reason: Option<String>,
    pub proof: Option<Value>,
}

/// Ends a run; false when it had ended already.
pub async fn end(
    transaction: &Transaction<'_>,
    run_id: i64,
    ending: &Ending,
) -> Result<bool, DatabaseError> {
    let proof = ending.proof.as_ref().map(Value::to_string);
    let exit_code = ending.exit_code as i16;
    let row = transaction
        .query_opt(
            sql::END_RUN,
            &[
                (&run_id, Type::INT8),
                (&ending.state, Type::TEXT),
                (&ending.reason, Type::TEXT),
                (&proof, Type::TEXT),
                (&exit_code, Type::INT2),
            ],
        )
        .await?;
    Ok(row.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(current: &str, previous: &[&str]) -> Vec<RingKeys> {
        let previous = previous.iter().map(ToString::to_string).collect();
        vec![RingKeys { ring: "keys".into(), current: current.into(), previous }]
    }

    fn open(run_id: i64, current: &str, previous: &[&str]) -> OpenRun {
        OpenRun {
            run_id,
            columns: vec!["t.a".into()],
            keys: keys(current, previous),
            config_digest: "d".into(),
        }
    }

    fn wanted(current: &str, previous: &[&str]) -> Wanted {
        Wanted {
            token: None,
            columns: vec!["t.a".into(), "t.b".into()],
            left_out: vec![],
            keys: keys(current, previous),
            config_digest: "d".into(),
            total_estimate: 0,
        }
    }

    #[test]
    fn nothing_open_is_a_new_run() {
        assert_eq!(relate(&[], &wanted("B", &["A"])), Relation::New);
    }

    #[test]
    fn the_same_command_resumes() {
        assert_eq!(relate(&[open(7, "B", &["A"])], &wanted("B", &["A"])), Relation::Resume(7));
    }

    #[test]
    fn a_third_key_that_includes_both_supersedes() {
        let relation = relate(&[open(7, "B", &["A"])], &wanted("C", &["A", "B"]));
        assert_eq!(relation, Relation::Supersede(vec![7]));
    }

    #[test]
    fn forgetting_a_key_overlaps() {
        assert_eq!(relate(&[open(7, "B", &["A"])], &wanted("C", &["B"])), Relation::Overlap(7));
        assert_eq!(relate(&[open(7, "B", &["A"])], &wanted("B", &[])), Relation::Overlap(7));
    }

    #[test]
    fn forgetting_a_column_overlaps() {
        let mut run = open(7, "B", &["A"]);
        run.columns.push("t.z".into());
        assert_eq!(relate(&[run], &wanted("C", &["A", "B"])), Relation::Overlap(7));
    }

    #[test]
    fn other_layouts_with_the_same_keys_supersede_rather_than_resume() {
        let mut run = open(7, "B", &["A"]);
        run.config_digest = "other".into();
        assert_eq!(relate(&[run], &wanted("B", &["A"])), Relation::Supersede(vec![7]));
    }
}
