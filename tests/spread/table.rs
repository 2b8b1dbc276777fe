//! A table with two values in each row, spread over three columns each, and what became of them.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde_json::Value;

use super::support::{Reseal, StoredParts, TestDatabase, TestKey};

const DEFINITION: &str = "
    CREATE TABLE tokens (id bigint PRIMARY KEY, tenant text NOT NULL,
        secret varchar(500), secret_iv text, secret_tag bytea, body bytea, body_iv bytea, body_tag text,
        key_version integer, other text, writes integer NOT NULL DEFAULT 0);
    CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END';
    CREATE TRIGGER count_write BEFORE UPDATE ON tokens FOR EACH ROW EXECUTE FUNCTION count_write()";

/// What the configuration says of its columns.
pub const COLUMNS: &str = r#"
secret = { layout = "{hex(ct)}", beside = { secret_iv = "{hex(nonce12)}", secret_tag = "{raw(tag16)}" }, aad = "{tenant}/{id}" }
body = { layout = "{raw(ct)}", beside = { body_iv = "{raw(nonce12)}", body_tag = "{b64(tag16)}" }, aad = "{tenant}/{id}" }
"#;

/// Table `tokens` and its two keys.
pub struct Table {
    pub database: TestDatabase,
    pub old: TestKey,
    pub new: TestKey,
    config: String,
}

/// The columns of one row's values, as they are stored.
pub struct Cells {
    pub secret: (String, String, Vec<u8>),
    pub body: (Vec<u8>, Vec<u8>, String),
}

impl Cells {
    pub fn sealed(key: &TestKey, id: i64, [secret, body]: [&str; 2]) -> Self {
        let aad = format!("tenant-{id}/{id}");
        let seal = |text: &str| StoredParts::seal(key, 12, aad.as_bytes(), text.as_bytes());
        let (secret, body) = (seal(secret), seal(body));
        Self {
            secret: (
                HEXLOWER.encode(&secret.ciphertext),
                HEXLOWER.encode(&secret.nonce),
                secret.tag,
            ),
            body: (body.ciphertext, body.nonce, data_encoding::BASE64.encode(&body.tag)),
        }
    }
}

impl Table {
    /// With rows 1 to `rows` sealed under the old key.
    pub async fn with_rows(rows: i64) -> Self {
        let database = TestDatabase::create().await;
        database.batch(DEFINITION).await;
        let config = format!("[[table]]\nname = \"tokens\"\n[table.columns]\n{COLUMNS}");
        let table = Self { database, old: TestKey::random(), new: TestKey::random(), config };
        let client = table.database.client().await;
        let insert = "INSERT INTO tokens (id, tenant, secret, secret_iv, secret_tag, body, body_iv, body_tag)
                      VALUES ($1, 'tenant-' || $1::bigint, $2, $3, $4, $5, $6, $7)";
        let insert = client.prepare(insert).await.expect("a statement");
        for id in 1..=rows {
            let words = [format!("secret {id}"), format!("body {id}")];
            let Cells { secret, body } = Cells::sealed(&table.old, id, [&words[0], &words[1]]);
            client
                .execute(
                    &insert,
                    &[&id, &secret.0, &secret.1, &secret.2, &body.0, &body.1, &body.2],
                )
                .await
                .expect("a row");
        }
        table
    }

    /// The same table, with other words about its columns.
    pub fn configured(self, columns: &str) -> Self {
        Self { config: format!("[[table]]\nname = \"tokens\"\n[table.columns]\n{columns}"), ..self }
    }

    /// The same table, with other words altogether.
    pub fn with_config(self, config: &str) -> Self {
        Self { config: config.to_owned(), ..self }
    }

    /// With both keys.
    pub fn command(&self, words: &str) -> Reseal {
        self.verify_words(words).previous_keys(&[&self.old])
    }

    /// With the current key alone.
    pub fn verify(&self) -> Reseal {
        self.verify_words("verify")
    }

    fn verify_words(&self, words: &str) -> Reseal {
        let command = Reseal::new(words).on(&self.database).json();
        command.config(&self.config).current_key(&self.new)
    }

    /// `ROW COLUMN REASON` of each.
    pub async fn failures(&self) -> Vec<String> {
        let command = Reseal::new("failures").on(&self.database).json();
        let report = command.run().await.expect(0).json();
        let line = |failure: &Value| {
            let text = |name: &str| failure[name].as_str().expect(name).to_owned();
            let key = failure["key"][0].as_str().expect("a row key");
            format!("{key} {} {}", text("column"), text("reason"))
        };
        let mut lines: Vec<String> =
            report["failures"].as_array().expect("a list").iter().map(line).collect();
        lines.sort();
        lines
    }

    /// What the new key opens of each row.
    pub async fn opened(&self) -> BTreeMap<i64, [Option<String>; 2]> {
        let rows = self.database.client().await.query("SELECT * FROM tokens", &[]).await;
        let open = |aad: &str, parts: Option<StoredParts>| {
            let plaintext = parts?.open(&self.new, aad.as_bytes())?;
            Some(String::from_utf8(plaintext).expect("text"))
        };
        let row = |row: &tokio_postgres::Row| {
            let id: i64 = row.get("id");
            let aad = format!("{}/{id}", row.get::<_, &str>("tenant"));
            let text = |name: &str| row.get::<_, Option<String>>(name);
            let bytes = |name: &str| row.get::<_, Option<Vec<u8>>>(name);
            let hex = |name: &str| HEXLOWER.decode(text(name)?.as_bytes()).ok();
            let secret = || {
                let (ciphertext, nonce) = (hex("secret")?, hex("secret_iv")?);
                Some(StoredParts { nonce, ciphertext, tag: bytes("secret_tag")? })
            };
            let body = || {
                let tag = data_encoding::BASE64.decode(text("body_tag")?.as_bytes()).ok()?;
                Some(StoredParts { nonce: bytes("body_iv")?, ciphertext: bytes("body")?, tag })
            };
            (id, [open(&aad, secret()), open(&aad, body())])
        };
        rows.expect("rows").iter().map(row).collect()
    }

    /// One column of a row, as text.
    pub async fn text(&self, id: i64, column: &str) -> Option<String> {
        let select = format!("SELECT {column}::text FROM tokens WHERE id = $1");
        let row = self.database.client().await.query_one(&select, &[&id]).await;
        row.expect("a row").get(0)
    }
}
