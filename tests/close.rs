//! What the close of a proof owes to rows that the walk could not write, to values that keep turning
//! up, and to its own lease.
#![cfg(feature = "failpoints")]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{Reseal, TestDatabase, TestKey, eventually, open, seal};
use tokio_postgres::Client;

const CONFIGURATION: &str = r#"
[[table]]
name = "t"
[table.columns]
value = "go"
"#;

/// As above, each value bound to a column of its row.
const BOUND: &str = r#"
[[table]]
name = "t"
[table.columns]
value = { layout = "go", aad = "{bound}" }
"#;

/// A table `t` of values under an old key, and the keys of its rotation.
struct Rotation {
    database: TestDatabase,
    client: Client,
    old: TestKey,
    new: TestKey,
}

impl Rotation {
    async fn of_values(count: i64) -> Self {
        let database = TestDatabase::create().await;
        let client = database.client().await;
        let rotation = Self { database, client, old: TestKey::random(), new: TestKey::random() };
        rotation.sql("CREATE TABLE t (id bigint PRIMARY KEY, value bytea)").await;
        for id in 0..count {
            let value = seal(&rotation.old, "go", b"", format!("value {id}").as_bytes());
            let insert = "INSERT INTO t VALUES ($1, $2)";
            rotation.client.execute(insert, &[&id, &value]).await.expect("a row");
        }
        rotation
    }

    fn run(&self, options: &str) -> Reseal {
        Reseal::new(&format!("run {options}"))
            .config(CONFIGURATION)
            .on(&self.database)
            .current_key(&self.new)
            .previous_keys(&[&self.old])
    }

    async fn sql(&self, statements: &str) {
        self.client.batch_execute(statements).await.expect("the test's own SQL");
    }

    async fn is_new(&self, id: i64) -> bool {
        let row = self.client.query_one("SELECT value FROM t WHERE id = $1", &[&id]).await;
        let value: Vec<u8> = row.expect("the row").get(0);
        open(&self.new, "go", b"", &value).is_some()
    }

    /// The close of a run has begun.
    async fn end_of_walk(&self, watcher: &Client, run_id: i64) {
        let asked = "SELECT FROM reseal.checkpoint
                     WHERE step = 'close' AND run_id = $1 AND owner IS NOT NULL";
        let begun = async || watcher.query_opt(asked, &[&run_id]).await.ok().flatten();
        eventually("the end of the walk", begun).await;
    }

    /// How many looks the close has had.
    async fn rounds(&self, watcher: &Client) -> i32 {
        let asked = "SELECT max(rounds) FROM reseal.checkpoint WHERE step = 'close'";
        let row = watcher.query_one(asked, &[]).await;
        row.ok().and_then(|row| row.get::<_, Option<i32>>(0)).unwrap_or(0)
    }
}

/// Writes so many values that nothing opens.
fn unreadable(first: i64, count: i64) -> String {
    let rows = format!("generate_series({first}, {}) id", first + count - 1);
    format!("INSERT INTO t SELECT id, decode(repeat('00', 100), 'hex') FROM {rows}")
}

#[tokio::test]
async fn a_row_that_is_held_and_not_changed_is_waited_for() {
    let rotation = Rotation::of_values(20).await;
    let watcher = rotation.database.client().await;
    rotation.sql("BEGIN; SELECT FROM t WHERE id = 7 FOR UPDATE").await;
    let run = rotation.run("").spawn();
    eventually("the close to meet the held row twice", async || {
        (rotation.rounds(&watcher).await >= 2).then_some(())
    })
    .await;
    rotation.sql("COMMIT").await;
    run.wait().await.expect(0);
    assert!(rotation.is_new(7).await);
}

#[tokio::test]
async fn a_row_that_stays_held_is_never_proved_over() {
    let rotation = Rotation::of_values(20).await;
    let holder = rotation.client.query_one("SELECT pg_backend_pid()", &[]).await;
    let holder: i32 = holder.expect("a process").get(0);
    rotation.sql("BEGIN; SELECT FROM t WHERE id = 7 FOR UPDATE").await;
    let outcome = rotation.run("--max-wait 1s").run().await.expect(5);
    assert!(outcome.stderr.contains("1 rows stayed locked"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(&format!("process {holder}")), "{}", outcome.stderr);
    let status = Reseal::new("status").json().on(&rotation.database).run().await.expect(0);
    assert_eq!(status.json()["status"], "interrupted");
    rotation.sql("COMMIT").await;
    rotation.run("").run().await.expect(0);
    assert!(rotation.is_new(7).await);
}

/// A row that was held while pass and walk came by, and is free when the close has looked: nobody wrote it
/// with the old key again, so the bound of passes is no reason to leave it.
#[tokio::test]
async fn a_row_that_was_held_during_the_walk_has_not_turned_up_again() {
    let rotation = Rotation::of_values(20).await;
    rotation.sql("BEGIN; SELECT FROM t WHERE id = 7 FOR UPDATE").await;
    let directory = tempfile::tempdir().expect("a directory");
    let held = directory.path().join("held");
    let run = rotation
        .run("--max-passes 2")
        .env("RESEAL_FAILPOINT", format!("close-looked@1=hold:{}", held.display()))
        .spawn();
    eventually("the close", async || Path::new(&held).exists().then_some(())).await;
    rotation.sql("COMMIT").await;
    std::fs::remove_file(&held).expect("the file of the failpoint");
    run.wait().await.expect(0);
    assert!(rotation.is_new(7).await);
}

/// More failing values than a page holds, all of them written behind the walk, beside others that the walk has listed:
/// another walk lists the new ones too.
#[tokio::test]
async fn more_failures_than_the_close_can_list_are_listed_by_another_walk() {
    let rotation = Rotation::of_values(5).await;
    let watcher = rotation.database.client().await;
    rotation.sql(&unreadable(100, 40)).await;
    let words = "--workers 1 --page-bytes-max 1KiB --allow-unreadable";
    for (run_id, options, listed) in [(1, "", 80), (2, "--max-passes 1", 80)] {
        rotation.sql(&format!("BEGIN; {}", unreadable(run_id * 1_000, 40))).await;
        let run = rotation.run(&format!("{words} {options}")).spawn();
        rotation.end_of_walk(&watcher, run_id).await;
        rotation.sql("COMMIT").await;
        let outcome = run.wait().await.expect(1);
        let failures = Reseal::new("failures").json().on(&rotation.database).run().await.expect(0);
        let failures = failures.json()["failures"].as_array().map(Vec::len);
        assert_eq!(failures, Some(listed));
        let (place, words) = match options {
            "" => (&outcome.stdout, "completed_with_failures"),
            _ => (&outcome.stderr, "behind each walk"),
        };
        assert!(place.contains(words), "{outcome:?}");
    }
}

/// More failing values than a page holds, none of them new, beside a transaction that keeps every row above the
/// barrier: what the walk has listed has not turned up again, and does not hide what has.
#[tokio::test]
async fn failures_that_the_walk_has_listed_are_not_met_again_by_the_close() {
    let rotation = Rotation::of_values(0).await;
    let (other, watcher) = (rotation.database.client().await, rotation.database.client().await);
    let stays_open = "CREATE TABLE other (); BEGIN; INSERT INTO other DEFAULT VALUES";
    other.batch_execute(stays_open).await.expect("the test's own SQL");
    rotation.sql(&unreadable(100, 200)).await;
    rotation.sql("BEGIN").await;
    for id in 0..5_i64 {
        let value = seal(&rotation.old, "go", b"", format!("value {id}").as_bytes());
        let insert = "INSERT INTO t VALUES ($1, $2)";
        rotation.client.execute(insert, &[&id, &value]).await.expect("a row");
    }
    let run = rotation.run("--workers 1 --page-bytes-max 1KiB --allow-unreadable").spawn();
    rotation.end_of_walk(&watcher, 1).await;
    rotation.sql("COMMIT").await;
    let outcome = run.wait().await.expect(1);
    assert!(outcome.stdout.contains("completed_with_failures"), "{outcome:?}");
    for id in 0..5_i64 {
        assert!(rotation.is_new(id).await, "{id}");
    }
    let failures = Reseal::new("failures").json().on(&rotation.database).run().await.expect(0);
    let failures = failures.json()["failures"].clone();
    assert_eq!(failures.as_array().map(Vec::len), Some(200));
    let again = |failure: &Value| failure["attempts"] != failures[0]["attempts"];
    assert!(!failures.as_array().expect("a list").iter().any(again), "{failures}");
}

/// A look that takes three times the lease, for the sake of one slow row: two workers must not take
/// the close from each other for ever.
#[tokio::test]
async fn a_look_longer_than_the_lease_keeps_its_close() {
    let rotation = Rotation::of_values(0).await;
    rotation
        .sql(
            "CREATE TYPE slow AS (x integer);
             CREATE FUNCTION slow_text(slow) RETURNS text LANGUAGE plpgsql AS $$
             BEGIN
                 IF current_setting('transaction_isolation') = 'repeatable read' THEN
                     PERFORM pg_sleep(3);
                 END IF;
                 RETURN 'aad';
             END $$;
             CREATE CAST (slow AS text) WITH FUNCTION slow_text(slow);
             ALTER TABLE t ADD bound slow DEFAULT ROW(1)::slow",
        )
        .await;
    let insert = "INSERT INTO t VALUES ($1, $2)";
    let value = seal(&rotation.old, "go", b"aad", b"first");
    rotation.client.execute(insert, &[&1_i64, &value]).await.expect("a row");
    let directory = tempfile::tempdir().expect("a directory");
    let held = directory.path().join("held");
    let run = rotation
        .run("--workers 2 --lease 1s")
        .config(BOUND)
        .env("RESEAL_FAILPOINT", format!("walk-fetched@1=hold:{}", held.display()))
        .spawn();
    eventually("the walk", async || Path::new(&held).exists().then_some(())).await;
    let value = seal(&rotation.new, "go", b"aad", b"second");
    rotation.client.execute(insert, &[&2_i64, &value]).await.expect("a row");
    std::fs::remove_file(&held).expect("the file of the failpoint");
    run.wait().await.expect(0);
    let epochs = "SELECT epoch FROM reseal.checkpoint WHERE step = 'close'";
    let epoch: i32 = rotation.client.query_one(epochs, &[]).await.expect("a close").get(0);
    assert_eq!(epoch, 1, "nobody took the close over");
}
