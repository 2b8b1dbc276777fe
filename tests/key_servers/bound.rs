//! Data keys that a real OpenBao has wrapped and bound to their row (`associated_data`), in a column and in objects of
//! a JSON document.

use super::openbao::OpenBao;
use super::transit::{Bound, Transit};
use crate::support::{Outcome, TestDatabase, TestKey, open, seal};

/// What a job needs, and no more. (docs/envelopes.md)
const POLICY: &str = r#"path "transit/encrypt/k" { capabilities = ["update"] }
                        path "transit/decrypt/k" { capabilities = ["update"] }
                        path "transit/keys/k"    { capabilities = ["read"] }"#;

const ROWS: i32 = 300;

struct Stage {
    bao: OpenBao,
    transit: Transit,
    database: TestDatabase,
    token: String,
}

fn plaintext(id: i32) -> Vec<u8> {
    format!("the secret of order {id}").into_bytes()
}

fn row(id: i32) -> Option<String> {
    Some(format!("orders:{id}"))
}

fn unbound(_: i32) -> Option<String> {
    None
}

/// What an application seals under a data key: one a row, wrapped as 64 hexadecimal digits.
type Sealed = (i32, Vec<u8>, String);

impl Stage {
    async fn set() -> Self {
        let bao = OpenBao::start().await;
        let (transit, database) = (Transit::of(&bao), TestDatabase::create().await);
        let token = bao.token(POLICY);
        Self { bao, transit, database, token }
    }

    async fn sealed(
        &self,
        ids: std::ops::RangeInclusive<i32>,
        aad: fn(i32) -> Option<String>,
    ) -> Vec<Sealed> {
        let keys: Vec<(i32, TestKey)> = ids.map(|id| (id, TestKey::random())).collect();
        let texts: Vec<String> = keys.iter().map(|(_, key)| key.hex()).collect();
        let bound = keys.iter().zip(&texts).map(|((id, _), bytes)| Bound { bytes, aad: aad(*id) });
        let wrapped = self.transit.encrypt("k", &bound.collect::<Vec<_>>()).await;
        let sealed = keys.iter().zip(wrapped);
        sealed.map(|((id, key), dek)| (*id, seal(key, "go", b"", &plaintext(*id)), dek)).collect()
    }

    /// A table with a column for each.
    async fn columns(&self) {
        let table = "CREATE TABLE orders (id int PRIMARY KEY, secret bytea, dek text)";
        self.database.batch(table).await;
    }

    async fn insert(&self, rows: Vec<Sealed>) {
        let client = self.database.client().await;
        for (id, secret, dek) in rows {
            let insert = "INSERT INTO orders VALUES ($1, $2, $3)";
            client.execute(insert, &[&id, &secret, &dek]).await.expect("a row");
        }
    }

    async fn run(&self, words: &str, column: &str, code: i32) -> Outcome {
        let config = format!("[[table]]\nname = \"orders\"\n[table.columns.secret]\n{column}\n");
        let program = self.bao.program(words, &self.token).on(&self.database).config(config).json();
        program.run().await.expect(code)
    }

    /// Every row opens with its data key, which is bound so and wrapped under this version.
    async fn check(&self, version: i32, aad: fn(i32) -> Option<String>, select: &str) {
        let rows = self.database.client().await.query(select, &[]).await.expect("rows");
        let rows: Vec<Sealed> =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        let bound = rows.iter().map(|(id, _, dek)| Bound { bytes: dek, aad: aad(*id) });
        let keys = self.transit.decrypt("k", &bound.collect::<Vec<_>>()).await;
        for ((id, secret, dek), key) in rows.iter().zip(&keys) {
            let key = TestKey::from_hex(key.as_ref().expect("a key that is bound so"));
            assert_eq!(open(&key, "go", b"", secret), Some(plaintext(*id)), "row {id}");
            assert!(dek.starts_with(&format!("vault:v{version}:")), "row {id}");
        }
    }

    fn rotate(&self) {
        self.bao.run(&["write", "-f", "transit/keys/k/rotate"]);
    }
}

const COLUMNS: &str = "SELECT id, secret, dek FROM orders ORDER BY id";

fn column(more: &str) -> String {
    format!(
        "layout = \"go\"\ndata_key = {{ kms = \"hashivault://k\", column = \"dek\", form = \"hex\", {more} }}"
    )
}

#[tokio::test]
async fn bound_to_its_row_and_refused_in_another() {
    for rotate in ["rewrap", "reseal"] {
        let stage = Stage::set().await;
        stage.columns().await;
        stage.insert(stage.sealed(1..=ROWS, row).await).await;
        stage.rotate();
        let of_row = column(&format!("aad = \"{{table}}:{{id}}\", rotate = \"{rotate}\""));
        let status = stage.run("run", &of_row, 0).await.json();
        assert_eq!(status["resealed_records"], ROWS, "{status}");
        stage.check(2, row, COLUMNS).await;
        stage.bao.run(&["write", "transit/keys/k/config", "min_decryption_version=2"]);
        stage.run("verify --verify-open", &of_row, 0).await;
        let swap = "UPDATE orders SET (secret, dek) = (SELECT secret, dek FROM orders WHERE id = 7)
                    WHERE id = 8";
        stage.database.batch(swap).await;
        stage.rotate();
        let status = stage.run("run", &of_row, 1).await.json();
        assert_eq!(
            (&status["resealed_records"], &status["failed_records"]),
            (&(ROWS - 1).into(), &1.into()),
            "{status}"
        );
        stage.database.batch("DELETE FROM orders WHERE id = 8").await;
        stage.check(3, row, COLUMNS).await;
    }
}

#[tokio::test]
async fn bound_from_now_on() {
    let stage = Stage::set().await;
    stage.columns().await;
    stage.insert(stage.sealed(1..=ROWS, unbound).await).await;
    let more = "aad = \"{table}:{id}\", read = [{ kms = \"hashivault://k\", aad = \"\" }]";
    let status = stage.run("run", &column(more), 0).await.json();
    assert_eq!(status["resealed_records"], ROWS, "{status}");
    stage.check(1, row, COLUMNS).await;
    stage.run("verify --verify-open", &column("aad = \"{table}:{id}\""), 0).await;
}

/// In a member beside the value, bound to the row of the document.
#[tokio::test]
async fn in_objects_of_a_document() {
    for rotate in ["rewrap", "reseal"] {
        let stage = Stage::set().await;
        stage.database.batch("CREATE TABLE orders (id int PRIMARY KEY, secret json)").await;
        let client = stage.database.client().await;
        for (id, secret, dek) in stage.sealed(1..=100, row).await {
            let secret = data_encoding::BASE64.encode(&secret).replace('/', "\\/");
            let document =
                format!(r#"{{"n": 1.0, "card" : {{"value": "{secret}",  "dek": "{dek}"}}}}"#);
            let insert = "INSERT INTO orders VALUES ($1, $2::text::json)";
            client.execute(insert, &[&id, &document]).await.expect("a row");
        }
        let without_key =
            "SELECT array_agg(regexp_replace(secret::text, '\"dek\": \"[^\"]*\"', '') ORDER BY id)
            FROM orders";
        let before: Vec<String> = client.query_one(without_key, &[]).await.expect("texts").get(0);
        stage.rotate();
        let objects = format!(
            "json = [\"$.card\"]\nfields = {{ value = \"{{b64(nonce12 ct tag16)}}\" }}\n\
             data_key = {{ kms = \"hashivault://k\", field = \"dek\", form = \"hex\", \
             aad = \"{{table}}:{{id}}\", rotate = \"{rotate}\" }}"
        );
        let status = stage.run("run", &objects, 0).await.json();
        assert_eq!(status["resealed_records"], 100, "{status}");
        let select = "SELECT id, decode(secret->'card'->>'value', 'base64'), secret->'card'->>'dek'
            FROM orders ORDER BY id";
        stage.check(2, row, select).await;
        let after: Vec<String> = client.query_one(without_key, &[]).await.expect("texts").get(0);
        assert_eq!(
            before == after,
            rotate == "rewrap",
            "of a rewrapped document nothing else is written"
        );
        stage.run("verify --verify-open", &objects, 0).await;
    }
}
