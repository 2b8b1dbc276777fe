//! Columns that key services seal, against fakes that model what the services say of versions.

use std::collections::BTreeMap;

use reseal::layout::Layout;
use tokio_postgres::Client;

use crate::fakes::{Answer, Fake, Kind, OTHER_AWS_URI};
use crate::support::{Outcome, Reseal, TestDatabase, TestKey, eventually, open};

/// Those that seal values.
pub const SEALING: [Kind; 3] = [Kind::Aws, Kind::Gcp, Kind::Vault];

const TABLE: &str = "CREATE TABLE orders (id int PRIMARY KEY, secret TYPE, kek_version text,
        writes int NOT NULL DEFAULT 0);
    CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END';
    CREATE TRIGGER count_write BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION count_write()";

/// A service, and a table of values that it has sealed.
pub struct Stage {
    kind: Kind,
    pub fake: Fake,
    database: TestDatabase,
    client: Client,
}

fn plaintext(id: i32) -> Vec<u8> {
    format!("the secret of order {id}").into_bytes()
}

/// What the fakes bind a value of this row to.
fn bound(kind: Kind, id: i32, is_bound: bool) -> Vec<u8> {
    match (kind, is_bound) {
        (Kind::Aws, true) => format!(r#"{{"app":"reseal","row":"{id}"}}"#).into_bytes(),
        (Kind::Aws, false) => br#"{"app":"reseal"}"#.to_vec(),
        (_, true) => format!("orders:{id}").into_bytes(),
        (_, false) => Vec::new(),
    }
}

/// The words of a column that is bound to its row.
pub fn bound_column(kind: Kind, uri: &str) -> String {
    match kind {
        Kind::Aws => format!("kms = \"{uri}\", context = {{ row = \"{{id}}\" }}"),
        _ => format!("kms = \"{uri}\", aad = \"orders:{{id}}\""),
    }
}

pub fn config(column: &str) -> String {
    format!("[[table]]\nname = \"orders\"\n[table.columns]\nsecret = {{ {column} }}\n")
}

impl Stage {
    pub async fn set(kind: Kind) -> Self {
        let (fake, database) = (kind.start(), TestDatabase::create().await);
        let column_type = if kind == Kind::Vault { "text" } else { "bytea" };
        database.batch(&TABLE.replace("TYPE", column_type)).await;
        let client = database.client().await;
        Self { kind, fake, database, client }
    }

    /// Rows as the application writes them just now.
    pub async fn insert(&self, ids: impl IntoIterator<Item = i32>, is_bound: bool) {
        for id in ids {
            let aad = bound(self.kind, id, is_bound);
            let (sealed, version) =
                self.fake.versions(|v| (v.seal(&aad, &plaintext(id)), v.sealing()));
            let insert = "INSERT INTO orders (id, secret) VALUES ($1, $2)";
            let inserted = if self.kind == Kind::Vault {
                let text = format!("vault:v{version}:{}", data_encoding::BASE64.encode(&sealed));
                self.client.execute(insert, &[&id, &text]).await
            } else {
                self.client.execute(insert, &[&id, &sealed]).await
            };
            inserted.expect("a row");
        }
    }

    pub async fn run(&self, words: &str, config: &str, code: i32) -> Outcome {
        self.reseal(words, config).run().await.expect(code)
    }

    pub fn reseal(&self, words: &str, config: &str) -> Reseal {
        self.kind.program(words, &self.fake).on(&self.database).config(config).json()
    }

    async fn count(&self, condition: &str) -> i64 {
        let select = format!("SELECT count(*) FROM orders WHERE {condition}");
        self.client.query_one(&select, &[]).await.expect("a count").get(0)
    }

    /// How many values each version has sealed, all of them being whole.
    async fn versions(&self, is_bound: bool) -> BTreeMap<usize, usize> {
        let select = match self.kind {
            Kind::Vault => "SELECT id, decode(split_part(secret, ':', 3), 'base64') FROM orders",
            _ => "SELECT id, secret FROM orders",
        };
        let mut versions = BTreeMap::new();
        for row in self.client.query(select, &[]).await.expect("rows") {
            let (id, sealed): (i32, Vec<u8>) = (row.get(0), row.get(1));
            let aad = bound(self.kind, id, is_bound);
            let (opened, version) =
                self.fake.versions(|v| v.open(&aad, &sealed)).expect("a value that opens");
            assert_eq!(opened, plaintext(id));
            *versions.entry(version).or_default() += 1;
        }
        versions
    }
}

#[tokio::test]
async fn nothing_is_left_under_an_older_version() {
    for kind in SEALING {
        for is_bound in [false, true] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=60, is_bound).await;
            stage.fake.rotate();
            stage.insert(61..=70, is_bound).await;
            let column = match is_bound {
                true => bound_column(kind, kind.uri()),
                false => format!("kms = \"{}\"", kind.uri()),
            };
            let config = config(&column);
            assert_eq!(stage.run("verify", &config, 1).await.json()["remaining_records"], 60);
            let status = stage.run("run", &config, 0).await.json();
            assert_eq!(status["resealed_records"], 60, "{kind:?}: {status}");
            assert_eq!(status["processed_records"], 70);
            assert_eq!(stage.versions(is_bound).await, [(2, 70)].into());
            assert_eq!(stage.count("writes > 1 OR (id > 60 AND writes > 0)").await, 0);
            let shown = &status["proof"]["key_services"][0];
            let by = if kind == Kind::Vault { "version" } else { "opened" };
            assert_eq!((&shown["shown"], &shown["key"]), (&by.into(), &kind.uri().into()));
            stage.run("verify --verify-open", &config, 0).await;
        }
    }
}

#[tokio::test]
async fn a_primary_version_that_is_late_is_waited_for_and_never_called_done() {
    let stage = Stage::set(Kind::Gcp).await;
    stage.insert(1..=20, false).await;
    stage.fake.versions(|versions| versions.rotate_late());
    let config = config(&format!("kms = \"{}\"", Kind::Gcp.uri()));
    let refused = stage.run("run", &config, 5).await;
    let said = "Cloud KMS still seals under version 1, not under 2";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    assert_eq!(stage.count("writes > 0").await, 0);
    // what the older version sealed is taken for new by the service itself: nothing is proven meanwhile
    let refused = stage.run("verify", &config, 5).await;
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    // while the program waits, the change becomes known
    let waiting = stage.reseal("run --retry-for 60s", &config).spawn();
    eventually("it has been sealed once", async || (stage.fake.calls() > 3).then_some(())).await;
    stage.fake.versions(|versions| versions.catch_up());
    let status = waiting.wait().await.expect(0).json();
    assert_eq!(status["resealed_records"], 20, "{status}");
    assert_eq!(stage.versions(false).await, [(2, 20)].into());
}

#[tokio::test]
async fn aws_values_move_to_another_key_and_another_context_unseen() {
    let stage = Stage::set(Kind::Aws).await;
    stage.insert(1..=40, false).await;
    let written = "context = { row = \"{id}\" }";
    let read = format!("read = [{{ kms = \"{}\", context = {{}} }}]", Kind::Aws.uri());
    let column = format!("kms = \"{OTHER_AWS_URI}\", {written}, {read}");
    let status = stage.run("run", &config(&column), 0).await.json();
    assert_eq!(status["resealed_records"], 40, "{status}");
    assert_eq!(status["keys"].as_array().map_or(0, Vec::len), 0);
    let calls = stage.fake.take_calls();
    assert!(!calls.contains_key("Decrypt") && !calls.contains_key("Encrypt"), "{calls:?}");
    // … and back under the first key, with the same context
    let read = format!("read = [{{ kms = \"{OTHER_AWS_URI}\" }}]");
    let column = format!("{}, {read}", bound_column(Kind::Aws, Kind::Aws.uri()));
    let status = stage.run("run --rollback", &config(&column), 0).await.json();
    assert_eq!(status["resealed_records"], 40, "{status}");
    assert_eq!(stage.versions(true).await, [(1, 40)].into());
}

#[tokio::test]
async fn values_of_a_service_move_to_a_key_of_ours_and_back() {
    for kind in SEALING {
        let (stage, key) = (Stage::set(kind).await, TestKey::random());
        stage.insert(1..=40, true).await;
        let layout = if kind == Kind::Vault { "enc-v1" } else { "go" };
        let theirs = bound_column(kind, kind.uri());
        let ours =
            format!("write = \"{layout}\", aad = \"orders:{{id}}\", read = [{{ {theirs} }}]");
        let run =
            |words, column: &str| stage.reseal(words, &config(column)).current_key(&key).run();
        let status = run("run", &ours).await.expect(0).json();
        assert_eq!(status["resealed_records"], 40, "{kind:?}: {status}");
        let stored = "SELECT convert_to(secret::text, 'UTF8') FROM orders WHERE id = 7";
        let stored = stored.replace(
            "convert_to(secret::text, 'UTF8')",
            match kind {
                Kind::Vault => "convert_to(secret, 'UTF8')",
                _ => "secret",
            },
        );
        let row = stage.client.query_one(&stored, &[]).await.expect("a row");
        let opened = open(&key, layout, b"orders:7", row.get(0));
        assert_eq!(opened, Some(plaintext(7)), "{kind:?}");
        stage.fake.rotate();
        let back =
            format!("{theirs}, read = [{{ layout = \"{layout}\", aad = \"orders:{{id}}\" }}]");
        run("run --rollback", &back).await.expect(0);
        assert_eq!(stage.versions(true).await, [(2, 40)].into());
        assert!(Layout::named(layout).is_ok());
    }
}

#[tokio::test]
async fn a_service_that_is_gone_ends_the_run_and_leaves_nothing_half_written() {
    let stage = Stage::set(Kind::Aws).await;
    stage.insert(1..=600, false).await;
    stage.fake.rotate();
    let config = config(&format!("kms = \"{}\"", Kind::Aws.uri()));
    let words = "run --workers 1 --page-rows-max 50 --kms-max-rps 200 --retry-for 1s";
    let running = stage.reseal(words, &config).spawn();
    eventually("a page is written", async || (stage.count("writes > 0").await > 0).then_some(()))
        .await;
    let gone = Answer::json(503, &serde_json::json!({"__type": "KMSInternalException"}));
    stage.fake.refuse_only("TrentService.ReEncrypt", &gone);
    let ended = running.wait().await.expect(5);
    assert!(ended.stderr.contains("AWS KMS is not available"), "{}", ended.stderr);
    let done = stage.count("writes > 0").await;
    assert!(0 < done && done < 600, "{done}");
    let versions = stage.versions(false).await;
    assert_eq!(versions[&2], usize::try_from(done).unwrap(), "{versions:?}");
    stage.fake.refuse_only("nothing", &gone);
    let status = stage.run("run", &config, 0).await.json();
    assert_eq!(status["resealed_records"], 600, "counted over both");
    assert_eq!(stage.count("writes <> 1").await, 0, "and none is written twice");
    assert_eq!(stage.versions(false).await, [(2, 600)].into());
}

#[tokio::test]
async fn what_is_noted_as_done_costs_no_call() {
    for kind in [Kind::Aws, Kind::Gcp] {
        let stage = Stage::set(kind).await;
        stage.insert(1..=50, true).await;
        stage.fake.rotate();
        stage.insert(51..=55, true).await;
        let column = bound_column(kind, kind.uri());
        let config = config(&format!("{column}, version_column = \"kek_version\""));
        let status = stage.run("run", &config, 0).await.json();
        assert_eq!(status["processed_records"], 55, "{kind:?}: {status}");
        assert_eq!(stage.versions(true).await, [(2, 55)].into());
        let newest = status["proof"]["key_services"][0]["version"].as_str().expect("a version");
        assert_eq!(stage.count(&format!("kek_version = '{newest}'")).await, 55, "{kind:?}");
        assert_eq!(stage.count("writes <> 1").await, 0, "those that were done are noted");
        stage.fake.take_calls();
        let again = stage.run("run", &config, 0).await.json();
        assert_eq!(
            (&again["resealed_records"], &again["processed_records"]),
            (&0.into(), &55.into())
        );
        assert_eq!(again["proof"]["key_services"][0]["shown"], "version");
        let calls = stage.fake.take_calls();
        let (asked, canary) =
            if kind == Kind::Aws { ("DescribeKey", "") } else { ("get", "encrypt") };
        assert!(calls.keys().all(|call| call == asked || call == canary), "{calls:?}");
        // the application forgets the column: its version no longer says what was sealed
        stage.database.batch("UPDATE orders SET kek_version = 'another' WHERE id = 3").await;
        stage.run("run", &config, 0).await;
        assert_eq!(stage.count(&format!("kek_version = '{newest}'")).await, 55);
    }
}

#[tokio::test]
async fn a_service_that_throttles_slows_the_run_and_it_ends_right() {
    for kind in SEALING {
        let stage = Stage::set(kind).await;
        stage.insert(1..=30, true).await;
        stage.fake.rotate();
        let config = config(&bound_column(kind, kind.uri()));
        stage.fake.refuse(8, &kind.throttled());
        let status = stage.run("run --retry-for 60s", &config, 0).await.json();
        assert_eq!(status["resealed_records"], 30, "{kind:?}: {status}");
        assert_eq!(stage.versions(true).await, [(2, 30)].into());
        assert_eq!(stage.count("writes <> 1").await, 0);
    }
}
