//! A table of sealed values, and what became of each of them.
//!
//! `secrets` has two values in every row: `secret` (bytea, preset `go`) and `token` (text, preset
//! `enc-v1`); the plaintext of each is known from the row's id. Tests add what they need to it.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::database::TestDatabase;
use super::reseal::Reseal;
use super::values::{TestKey, open, seal};

/// A database with `secrets` under an old key, and the keys.
pub struct Vault {
    pub database: TestDatabase,
    pub old: TestKey,
    pub new: TestKey,
}

/// The two values of a row, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    pub secret: Option<Vec<u8>>,
    pub token: Option<Vec<u8>>,
    /// The transaction that wrote the row as it is.
    pub xmin: i64,
}

/// How many rows go into one INSERT.
const BATCH_ROWS: i64 = 2_000;

impl Vault {
    /// With rows 1 to `rows`, each with both values.
    pub async fn with_rows(rows: i64) -> Self {
        Self::create_in(TestDatabase::create().await, rows).await
    }

    pub async fn create_in(database: TestDatabase, rows: i64) -> Self {
        let vault = Self { database, old: TestKey::random(), new: TestKey::random() };
        let client = vault.database.client().await;
        let table = "CREATE TABLE secrets (
            id bigint PRIMARY KEY, owner text NOT NULL, secret bytea, token text)";
        client.batch_execute(table).await.expect("a table");
        for first in (1..=rows).step_by(BATCH_ROWS as usize) {
            vault.insert(&client, first..=rows.min(first + BATCH_ROWS - 1)).await;
        }
        vault
    }

    async fn insert(&self, client: &Client, ids: std::ops::RangeInclusive<i64>) {
        let ids: Vec<i64> = ids.collect();
        let seal_row = |id: &i64| {
            (seal(&self.old, "go", b"", &Self::secret(*id)), self.sealed_token(&self.old, *id))
        };
        let (secrets, tokens): (Vec<Vec<u8>>, Vec<String>) = ids.iter().map(seal_row).unzip();
        let insert = "INSERT INTO secrets SELECT id, 'owner ' || id, secret, token
            FROM unnest($1::bigint[], $2::bytea[], $3::text[]) AS new (id, secret, token)";
        client.execute(insert, &[&ids, &secrets, &tokens]).await.expect("rows");
    }

    /// One more row under the old key.
    pub async fn add_row(&self, id: i64) {
        self.insert(&self.database.client().await, id..=id).await;
    }

    /// The plaintexts of a row.
    pub fn secret(id: i64) -> Vec<u8> {
        format!("secret of row {id}").into_bytes()
    }

    pub fn token(id: i64) -> Vec<u8> {
        format!("token of row {id}").into_bytes()
    }

    /// A row's token under a key, as it is stored.
    pub fn sealed_token(&self, key: &TestKey, id: i64) -> String {
        String::from_utf8(seal(key, "enc-v1", b"", &Self::token(id))).expect("ASCII")
    }

    /// A command against the database with both keys; it knows of no column.
    pub fn command(&self, words: &str) -> Reseal {
        let keys = [&self.old];
        Reseal::new(words).on(&self.database).current_key(&self.new).previous_keys(&keys)
    }

    /// … with both columns and their layouts.
    pub fn with_columns(&self, words: &str) -> Reseal {
        let columns = ["-c", "secrets.secret:go", "-c", "secrets.token:enc-v1"];
        columns.into_iter().fold(self.command(words), Reseal::arg)
    }

    /// Every row of `secrets`, by id.
    pub async fn cells(&self) -> BTreeMap<i64, Cells> {
        let select = "SELECT id, secret, token, xmin::text::bigint FROM secrets";
        let rows = self.database.client().await.query(select, &[]).await.expect("rows");
        let cells = |row: &tokio_postgres::Row| {
            let token: Option<String> = row.get(2);
            let token = token.map(String::into_bytes);
            (row.get(0), Cells { secret: row.get(1), token, xmin: row.get(3) })
        };
        rows.iter().map(cells).collect()
    }

    /// Fails unless exactly these cells are as they were before and all others open with the new
    /// key alone, to the same plaintext.
    #[track_caller]
    pub fn check(
        &self,
        before: &BTreeMap<i64, Cells>,
        after: &BTreeMap<i64, Cells>,
        untouched: &[(i64, &str)],
    ) {
        assert!(before.keys().eq(after.keys()), "rows came or went");
        for (id, cells) in after {
            let old = &before[id];
            let columns = [
                ("secret", "go", &old.secret, &cells.secret, Self::secret(*id)),
                ("token", "enc-v1", &old.token, &cells.token, Self::token(*id)),
            ];
            for (column, layout, old, stored, plaintext) in columns {
                if untouched.contains(&(*id, column)) {
                    assert_eq!(old, stored, "{column} of row {id} was touched");
                    continue;
                }
                let opened = stored.as_deref().and_then(|s| open(&self.new, layout, b"", s));
                assert_eq!(opened, Some(plaintext), "{column} of row {id} under the new key");
            }
        }
    }
}
