//! The tables that the pages speak of: values under a data key, values that the KMS key seals itself, and values with
//! wrapped data keys.

use tokio_postgres::Client;

use crate::support::{TestDatabase, TestKey, open, seal};

pub const ROWS: i32 = 12;

pub struct Tables {
    pub database: TestDatabase,
    client: Client,
    /// `bytea`, or `text` of Vault.
    stored: &'static str,
}

/// What an application encrypts.
pub fn plaintext(id: i32) -> Vec<u8> {
    format!("of row {id}").into_bytes()
}

impl Tables {
    pub async fn create(stored: &'static str) -> Self {
        let database = TestDatabase::create().await;
        let tables = format!(
            "CREATE TABLE customers (id int PRIMARY KEY, email bytea);
             CREATE TABLE orders (id int PRIMARY KEY, secret {stored}, kek_version text);
             CREATE TABLE envelopes (id int PRIMARY KEY, secret bytea, secret_dek {stored}, kek_version text)"
        );
        database.batch(&tables).await;
        let client = database.client().await;
        Self { database, client, stored }
    }

    /// Values under a data key.
    pub async fn fill_customers(&self, key: &TestKey) {
        for id in 1..=ROWS {
            let email = seal(key, "go", b"", &plaintext(id));
            self.execute("INSERT INTO customers VALUES ($1, $2)", id, &email).await;
        }
    }

    /// This key opens all of them.
    pub async fn check_customers(&self, key: &TestKey) {
        for (id, email, _) in self.read("SELECT id, email, NULL FROM customers").await {
            assert_eq!(open(key, "go", b"", &email), Some(plaintext(id)), "row {id}");
        }
    }

    /// Values as the KMS key has sealed them.
    pub async fn fill_orders(&self, seal: impl Fn(i32) -> Vec<u8>) {
        let insert = format!("INSERT INTO orders VALUES ($1, {})", self.given());
        for id in 1..=ROWS {
            self.execute(&insert, id, &seal(id)).await;
        }
    }

    /// The values and what is noted of them.
    pub async fn orders(&self) -> Vec<(i32, Vec<u8>, Option<String>)> {
        let select = format!("SELECT id, {}, kek_version FROM orders", self.shown("secret"));
        self.read(&select).await
    }

    /// Values, each under a data key of its own, as the KMS key has wrapped it.
    pub async fn fill_envelopes(&self, wrap: impl Fn(&TestKey) -> Vec<u8>) {
        let update = format!("UPDATE envelopes SET secret_dek = {} WHERE id = $1", self.given());
        for id in 1..=ROWS {
            let key = TestKey::random();
            let secret = seal(&key, "go", b"", &plaintext(id));
            let insert = "INSERT INTO envelopes (id, secret) VALUES ($1, $2)";
            self.execute(insert, id, &secret).await;
            self.execute(&update, id, &wrap(&key)).await;
        }
    }

    /// Notes the version beside every row, as an application of Azure has to.
    pub async fn note(&self, version: &str) {
        let update = "UPDATE envelopes SET kek_version = $1";
        self.client.execute(update, &[&version]).await.expect("rows");
    }

    /// Every value opens with its data key; answers what is wrapped.
    pub async fn check_envelopes(&self, unwrap: impl Fn(&[u8]) -> TestKey) -> Vec<Vec<u8>> {
        let secrets = self.read("SELECT id, secret, NULL FROM envelopes ORDER BY id").await;
        let dek = self.shown("secret_dek");
        let keys = self.read(&format!("SELECT id, {dek}, NULL FROM envelopes ORDER BY id")).await;
        assert_eq!(secrets.len(), usize::try_from(ROWS).unwrap());
        for ((id, secret, _), (_, wrapped, _)) in secrets.iter().zip(&keys) {
            let opened = open(&unwrap(wrapped), "go", b"", secret);
            assert_eq!(opened, Some(plaintext(*id)), "row {id}");
        }
        keys.into_iter().map(|(_, wrapped, _)| wrapped).collect()
    }

    /// Bytes as the column takes them.
    fn given(&self) -> &'static str {
        if self.stored == "text" { "convert_from($2::bytea, 'UTF8')" } else { "$2" }
    }

    fn shown(&self, column: &str) -> String {
        match self.stored {
            "text" => format!("convert_to({column}, 'UTF8')"),
            _ => column.to_owned(),
        }
    }

    async fn execute(&self, statement: &str, id: i32, bytes: &[u8]) {
        self.client.execute(statement, &[&id, &bytes]).await.expect("a row");
    }

    async fn read(&self, select: &str) -> Vec<(i32, Vec<u8>, Option<String>)> {
        let rows = self.client.query(select, &[]).await.expect("rows");
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    }
}
