//! Columns that the transit engine of a real OpenBao seals: rewrapped in batches, opened and sealed where they
//! are bound to their rows, moved to a key of our own and back.
//!
//! `RESEAL_TRANSIT_ROWS=200000` for many; what it took is printed beside the same calls one by one.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::openbao::{OpenBao, ROOT};
use super::transit::{Bound, Transit};
use crate::support::{Outcome, Reseal, TestDatabase, TestKey, eventually};

const TABLE: &str =
    "CREATE TABLE orders (id int PRIMARY KEY, secret text, writes int NOT NULL DEFAULT 0);
    CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END';
    CREATE TRIGGER count_write BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION count_write()";

/// One key service and one table of values that it has sealed.
pub struct Stage {
    pub bao: OpenBao,
    pub transit: Transit,
    pub database: TestDatabase,
    pub client: Client,
}

fn plaintext(id: i32) -> String {
    format!("the secret of order {id}, Grüße")
}

fn config(column: &str) -> String {
    format!("[[table]]\nname = \"orders\"\n[table.columns]\nsecret = {column}\n")
}

impl Stage {
    async fn set() -> Self {
        let bao = OpenBao::start().await;
        let (transit, database) = (Transit::of(&bao), TestDatabase::create().await);
        database.batch(TABLE).await;
        let client = database.client().await;
        Self { bao, transit, database, client }
    }

    /// Rows as the application writes them just now.
    async fn insert(&self, ids: impl IntoIterator<Item = i32>, aad: fn(i32) -> Option<String>) {
        let ids: Vec<i32> = ids.into_iter().collect();
        let texts: Vec<String> = ids.iter().map(|id| plaintext(*id)).collect();
        let values: Vec<Bound<'_>> =
            ids.iter().zip(&texts).map(|(id, bytes)| Bound { bytes, aad: aad(*id) }).collect();
        let sealed = self.transit.encrypt("k", &values).await;
        let insert = "INSERT INTO orders SELECT * FROM unnest($1::int[], $2::text[])";
        self.client.execute(insert, &[&ids, &sealed]).await.expect("rows");
    }

    fn rotate(&self) {
        self.bao.run(&["write", "-f", "transit/keys/k/rotate"]);
    }

    fn reseal(&self, words: &str, config: &str) -> Reseal {
        let minutes = Duration::from_secs(1_200);
        self.bao.program(words, ROOT).on(&self.database).config(config).json().deadline(minutes)
    }

    async fn run(&self, words: &str, config: &str, code: i32) -> Outcome {
        self.reseal(words, config).run().await.expect(code)
    }

    async fn count(&self, condition: &str) -> i64 {
        let select = format!("SELECT count(*) FROM orders WHERE {condition}");
        self.client.query_one(&select, &[]).await.expect("a count").get(0)
    }

    /// Every value opens to what it was.
    async fn all_open(&self, aad: fn(i32) -> Option<String>) {
        let rows = self.client.query("SELECT id, secret FROM orders ORDER BY id", &[]).await;
        let rows: Vec<(i32, String)> =
            rows.expect("rows").iter().map(|row| (row.get(0), row.get(1))).collect();
        let values: Vec<Bound<'_>> =
            rows.iter().map(|(id, bytes)| Bound { bytes, aad: aad(*id) }).collect();
        let opened = self.transit.decrypt("k", &values).await;
        for ((id, _), opened) in rows.iter().zip(opened) {
            assert_eq!(opened, Some(plaintext(*id)), "row {id}");
        }
    }
}

fn unbound(_: i32) -> Option<String> {
    None
}

fn of_row(id: i32) -> Option<String> {
    Some(format!("orders:{id}"))
}

fn rows() -> i32 {
    let rows = std::env::var("RESEAL_TRANSIT_ROWS");
    rows.map_or(6_000, |rows| rows.parse().expect("a number of rows"))
}

#[tokio::test]
async fn values_are_rewrapped_across_a_kill_and_none_twice() {
    let stage = Stage::set().await;
    let (rows, config) = (rows(), config("{ kms = \"hashivault://k\" }"));
    stage.insert(1..=rows, unbound).await;
    stage.rotate();
    stage.rotate();
    // the application writes under the newest version
    let fresh = rows / 10;
    stage.insert(rows + 1..=rows + fresh, unbound).await;
    let planned = stage.run("plan", &config, 0).await.json();
    assert_eq!(planned["keys"][0]["current"], "hashivault://k", "{planned}");

    let (words, begun) = ("run --workers 2 --page-rows-max 500", Instant::now());
    let mut killed = stage.reseal(words, &config).spawn();
    let half = i64::from(rows / 2);
    eventually("half of the rows", async || {
        assert!(
            !killed.has_ended(),
            "it ended before half of the rows: {}",
            killed.stderr_so_far()
        );
        (stage.count("secret LIKE 'vault:v3:%' AND writes > 0").await >= half).then_some(())
    })
    .await;
    killed.kill();
    let until_the_kill = begun.elapsed();
    let done = stage.count("writes > 0").await;
    assert!(done < i64::from(rows), "it was killed half-way");

    let begun = Instant::now();
    let status = stage.run(words, &config, 0).await.json();
    let took = until_the_kill + begun.elapsed();
    assert_eq!(status["status"], "completed");
    assert_eq!(status["processed_records"], rows + fresh);
    assert_eq!(status["resealed_records"], rows, "counted across the kill");
    assert_eq!(status["proof"]["key_services"][0]["shown"], "version", "{status}");
    assert_eq!(stage.count("secret NOT LIKE 'vault:v3:%'").await, 0);
    let once = format!("(id <= {rows} AND writes <> 1) OR (id > {rows} AND writes <> 0)");
    assert_eq!(stage.count(&once).await, 0, "every row is written once, and none that was done");
    stage.all_open(unbound).await;

    let again = stage.run(words, &config, 0).await.json();
    assert_eq!((&again["resealed_records"], &again["passes"]), (&0.into(), &1.into()));
    one_by_one(&stage, rows, took).await;
}

/// The same calls one by one, as scripts make them, for the record.
async fn one_by_one(stage: &Stage, rows: i32, took: Duration) {
    let select = "SELECT secret FROM orders ORDER BY id LIMIT 1000";
    let values = stage.client.query(select, &[]).await.expect("rows");
    let begun = Instant::now();
    for row in &values {
        stage.transit.rewrap_one("k", row.get(0)).await;
    }
    let (alone, together) = (begun.elapsed(), took.as_secs_f64());
    let per_second = |count: usize, seconds: f64| count as f64 / seconds;
    println!(
        "{rows} values with kill, resume and proof in {together:.1} s: {:.0} rows/s; the calls alone, one by \
         one: {:.0} values/s",
        per_second(rows.unsigned_abs() as usize, together),
        per_second(values.len(), alone.as_secs_f64()),
    );
}

#[tokio::test]
async fn a_bad_value_loses_nothing_but_itself() {
    let stage = Stage::set().await;
    stage.insert(1..=500, unbound).await;
    let damage = "UPDATE orders SET secret = overlay(secret placing 'AAAA' from 20) WHERE id = 77;
        UPDATE orders SET secret = 'no ciphertext' WHERE id = 78;
        CREATE TABLE damaged AS SELECT id, secret FROM orders WHERE id IN (77, 78)";
    stage.database.batch(damage).await;
    stage.rotate();
    let config = config("{ kms = \"hashivault://k\" }");
    let status = stage.run("run", &config, 1).await.json();
    assert_eq!(status["status"], "completed_with_failures", "{status}");
    assert_eq!((&status["processed_records"], &status["failed_records"]), (&498.into(), &2.into()));
    assert_eq!(stage.count("secret LIKE 'vault:v2:%'").await, 498);
    let kept = "(id, secret) IN (SELECT id, secret FROM damaged)";
    assert_eq!(stage.count(kept).await, 2, "left as they were");
    let failures = stage.run("failures", "", 0).await.json();
    let reasons: Vec<&str> = failures["failures"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|failure| failure["reason"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(reasons, ["no_key_opens_it", "malformed"], "{failures}");
}

#[tokio::test]
async fn what_is_bound_to_its_row_stays_so() {
    let stage = Stage::set().await;
    stage.insert(1..=300, of_row).await;
    stage.rotate();
    let config = config("{ kms = \"hashivault://k\", aad = \"{table}:{id}\" }");
    let status = stage.run("run", &config, 0).await.json();
    assert_eq!(status["resealed_records"], 300);
    assert_eq!(stage.count("secret LIKE 'vault:v2:%'").await, 300);
    stage.all_open(of_row).await;
    // a value that was put into another row names the newest version, and does not open there
    let swap = "UPDATE orders SET secret = (SELECT secret FROM orders WHERE id = 2) WHERE id = 1";
    stage.database.batch(swap).await;
    let by_version = stage.run("verify", &config, 0).await.json();
    assert_eq!(by_version["proof"]["key_services"][0]["shown"], "version");
    let opened = stage.run("verify --verify-open", &config, 1).await.json();
    assert_eq!(opened["proof"]["key_services"][0]["shown"], "opened", "{opened}");
    assert_eq!(opened["processed_records"], 299, "{opened}");
    let status = stage.run("run --verify-open", &config, 1).await.json();
    assert_eq!((&status["processed_records"], &status["failed_records"]), (&299.into(), &1.into()));
}

#[tokio::test]
async fn a_rotation_may_change_what_values_are_bound_to() {
    let stage = Stage::set().await;
    stage.insert(1..=100, unbound).await;
    stage.insert(101..=200, of_row).await;
    let config = config(
        "{ kms = \"hashivault://k\", aad = \"{table}:{id}\", read = [{ kms = \"hashivault://k\", aad = \"\" }] }",
    );
    let status = stage.run("run", &config, 0).await.json();
    assert_eq!(status["resealed_records"], 100, "{status}");
    assert_eq!(status["proof"]["key_services"][0]["shown"], "opened", "the version does not tell");
    assert_eq!(stage.count("writes = 0").await, 100, "what was bound already is left alone");
    stage.all_open(of_row).await;
}

#[tokio::test]
async fn values_move_to_a_key_of_ours_and_back() {
    let (stage, key) = (Stage::set().await, TestKey::random());
    stage.insert(1..=400, of_row).await;
    let ours = config(
        "{ write = \"enc-v1\", aad = \"{table}:{id}\", read = [{ kms = \"hashivault://k\" }] }",
    );
    let run = |words, config| stage.reseal(words, config).current_key(&key).run();
    let status = run("run", &ours).await.expect(0).json();
    assert_eq!(status["resealed_records"], 400, "{status}");
    assert_eq!(stage.count("secret LIKE 'enc:v1:%'").await, 400);
    run("verify", &ours).await.expect(0);
    let theirs =
        config("{ kms = \"hashivault://k\", aad = \"{table}:{id}\", read = [\"enc-v1\"] }");
    let refused = run("run", &theirs).await.expect(3);
    assert!(refused.stderr.contains("--rollback"), "{}", refused.stderr);
    let status = run("run --rollback", &theirs).await.expect(0).json();
    assert_eq!(
        (&status["resealed_records"], &status["processed_records"]),
        (&400.into(), &400.into())
    );
    assert_eq!(stage.count("writes = 2").await, 400);
    stage.all_open(of_row).await;
    // the proof needs no key of ours
    stage
        .run(
            "verify --verify-open",
            &config("{ kms = \"hashivault://k\", aad = \"{table}:{id}\" }"),
            0,
        )
        .await;
}

#[tokio::test]
async fn rewrapping_needs_two_permissions_and_no_other() {
    let stage = Stage::set().await;
    stage.insert(1..=50, unbound).await;
    stage.rotate();
    let config = config("{ kms = \"hashivault://k\" }");
    let least = r#"path "transit/rewrap/k" { capabilities = ["update"] }
                   path "transit/keys/k" { capabilities = ["read"] }"#;
    let less = r#"path "transit/keys/k" { capabilities = ["read"] }"#;
    let with = |policy| {
        let token = stage.bao.token(policy);
        stage.bao.program("run", &token).on(&stage.database).config(&*config).json()
    };
    let refused = with(less).run().await.expect(2);
    assert!(refused.stderr.contains("update on transit/rewrap/k"), "{}", refused.stderr);
    assert_eq!(stage.count("writes > 0").await, 0);
    with(least).run().await.expect(0);
    assert_eq!(stage.count("secret LIKE 'vault:v2:%'").await, 50);
}
