//! The independent judge: compares the tables with the application's journal and with the ledger. It takes
//! the job's word for nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_postgres::{Client, NoTls, Row};

use super::application::Shared;
use crate::support::{TestKey, Waiting, open};

/// What the rows and the ledger come to.
pub struct Verdict {
    pub rows: usize,
    pub resealed: i64,
}

/// Rows that nobody writes but the job.
pub const ARCHIVED: i64 = 500;

/// What stands in a row before anybody has written it.
pub fn first_plaintext(id: i64) -> Vec<u8> {
    format!("the first of row {id}").into_bytes()
}

/// Called while no transaction of the application is under way and the run has completed: every row is what
/// was last committed, under the current key; what nobody but the job writes was written once a rotation.
pub async fn judge(client: &Client, shared: &Shared, rotation: i32) -> Verdict {
    let current = shared.keys().current;
    let expected = shared.journal.committed().await;
    let select = "SELECT id, value FROM secrets";
    let found = opened(&client.query(select, &[]).await.expect("the table"), &current);
    expect_same(&found, &expected);

    let archive = client.query("SELECT id, value, writes FROM archive", &[]).await;
    let archive = archive.expect("the archive");
    let expected = (1..=ARCHIVED).map(|id| (id, first_plaintext(id))).collect();
    expect_same(&opened(&archive, &current), &expected);
    for row in archive {
        let (id, writes): (i64, i32) = (row.get("id"), row.get("writes"));
        assert_eq!(
            writes, rotation,
            "row {id}, which only the job writes, was not written once a rotation"
        );
    }
    Verdict { rows: found.len() + expected.len(), resealed: ledger(client).await }
}

fn opened(rows: &[Row], key: &TestKey) -> BTreeMap<i64, Vec<u8>> {
    let mut found = BTreeMap::new();
    for row in rows {
        let (id, value): (i64, Vec<u8>) = (row.get("id"), row.get("value"));
        let plaintext = open(key, "go", b"", &value);
        let plaintext =
            plaintext.unwrap_or_else(|| panic!("row {id} needs another key than the current one"));
        assert!(found.insert(id, plaintext).is_none(), "row {id} is there twice");
    }
    found
}

fn expect_same(found: &BTreeMap<i64, Vec<u8>>, expected: &BTreeMap<i64, Vec<u8>>) {
    for (id, plaintext) in expected {
        let found = found.get(id).map(|found| String::from_utf8_lossy(found));
        let written = String::from_utf8_lossy(plaintext);
        assert_eq!(found.as_deref(), Some(&*written), "row {id} is not what was last written");
    }
    assert_eq!(found.len(), expected.len(), "rows came back that the application has deleted");
}

/// Fails the test unless a completed run has met each row of the archive exactly once in its last pass,
/// however often its processes were killed.
#[track_caller]
pub fn counts_of_the_archive(status: &Value) {
    let tables = status["tables"].as_array().expect("tables");
    let archive = tables.iter().find(|table| table["table"] == "public.archive");
    let archive = archive.expect("the archive is one of the tables");
    let count = |name: &str| archive[name].as_i64().expect(name);
    let counts = ["total_records", "processed_records", "failed_records"].map(count);
    assert_eq!(counts, [ARCHIVED, ARCHIVED, 0], "{status}");
}

/// Fails the test unless the ledger agrees with itself and with what was written; answers how many values
/// were resealed.
async fn ledger(client: &Client) -> i64 {
    let count = async |what: &str, sql: &str| -> i64 {
        client.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{what}: {error}")).get(0)
    };
    for (what, sql) in INCONSISTENCIES {
        assert_eq!(count(what, sql).await, 0, "the ledger holds {what}");
    }
    let counted = "SELECT sum(resealed_values)::bigint FROM reseal.checkpoint";
    let counted = count("counts", counted).await;
    let written = "SELECT coalesce(sum(rows), 0)::bigint FROM job_writes";
    assert_eq!(
        counted,
        count("writes", written).await,
        "values resealed as counted, and rows written by the job"
    );
    counted
}

/// What there must be none of, once every process has ended.
const INCONSISTENCIES: [(&str, &str); 5] = [
    ("unfinished runs", "SELECT count(*) FROM reseal.run WHERE state = 'running'"),
    (
        "completed runs without proof or with another exit code than 0",
        "SELECT count(*) FROM reseal.run WHERE state = 'completed' AND (proof IS NULL OR exit_code <> 0)",
    ),
    (
        "ended runs whose last pass is not done",
        "SELECT count(*) FROM reseal.run AS r JOIN reseal.checkpoint AS c USING (run_id, pass)
         WHERE r.state IN ('completed', 'incomplete', 'completed_with_failures') AND NOT c.done",
    ),
    (
        "passes before the last that are not done",
        "SELECT count(*) FROM reseal.run AS r JOIN reseal.checkpoint AS c USING (run_id)
         WHERE c.pass < r.pass AND NOT c.done",
    ),
    (
        "failures that are not resolved",
        "SELECT count(*) FROM reseal.failure WHERE resolved_at IS NULL",
    ),
];

/// Fails the test unless the counts of a run over a table that nobody wrote to meanwhile are exact.
#[track_caller]
pub fn counts(status: &Value, rows: usize) {
    let count = |name: &str| status[name].as_u64().expect(name);
    assert_eq!(status["status"], "completed", "{status}");
    let all = ["total_records", "processed_records"].map(count);
    assert_eq!(all, [rows as u64; 2], "{status}");
    let none = ["failed_records", "remaining_records", "resealed_records", "conflicts"].map(count);
    assert_eq!(none, [0; 4], "{status}");
}

/// Fails the test when a value is found under the previous key that was committed before the moment of
/// which a completed run says that there was none.
pub async fn proof(url: String, shared: Arc<Shared>, status: Value) {
    let moment = status["proof"]["moment"].as_str().expect("a completed run has its moment");
    let moment = humantime::parse_rfc3339(moment).expect("a moment");
    let waiting = Waiting::begin("the rows under the previous key");
    let suspects = loop {
        match suspects(&url, &shared).await {
            Some(suspects) => break suspects,
            None => waiting.a_moment().await,
        }
    };
    for id in suspects {
        let Some(place) = shared.journal.place_of(id).await else { continue };
        let known = shared.journal.touch(vec![place]).await.remove(0);
        if known.before().id != Some(id) {
            continue; // it has moved since
        }
        let is_old = loop {
            match is_old(&url, &shared, id).await {
                Some(is_old) => break is_old,
                None => waiting.a_moment().await,
            }
        };
        let written = known.before().written;
        assert!(
            !is_old || written > moment,
            "row {id} is under the previous key, and was so {:?} before run {} called that impossible",
            moment.duration_since(written).unwrap_or(Duration::ZERO),
            status["run_id"]
        );
    }
}

/// Whether a row is under another key than the current one; `None` while the server is away.
async fn is_old(url: &str, shared: &Shared, id: i64) -> Option<bool> {
    let client = connected(url).await?;
    let row = client.query_one("SELECT value FROM secrets WHERE id = $1", &[&id]).await.ok()?;
    let value: Vec<u8> = row.get(0);
    Some(open(&shared.keys().current, "go", b"", &value).is_none())
}

async fn suspects(url: &str, shared: &Shared) -> Option<Vec<i64>> {
    let current = shared.keys().current;
    let rows = connected(url).await?.query("SELECT id, value FROM secrets", &[]).await.ok()?;
    let is_old = |row: &Row| open(&current, "go", b"", &row.get::<_, Vec<u8>>("value")).is_none();
    Some(rows.iter().filter(|row| is_old(row)).map(|row| row.get("id")).collect())
}

/// A connection, unless the server is just away.
pub async fn connected(url: &str) -> Option<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.ok()?;
    tokio::spawn(connection);
    Some(client)
}
