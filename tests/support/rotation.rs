//! A table of values on the way from one key to another, the commands about it, and what they left.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use reseal::demo::server::ThrowawayServer;
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::Client;

use super::{Reseal, Running, TestDatabase, TestKey, eventually, open, seal};

/// Counts how often each row was written, whoever wrote it; a write that is rolled back is none.
const COUNT_WRITES: &str = "
    CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END';
    CREATE TRIGGER count_write BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION count_write()";

/// Table `secrets` (bigint `id`, bytea `value` in the shape of `go`, `writes`) and its two keys.
pub struct Rotation {
    pub database: TestDatabase,
    pub old: TestKey,
    pub new: TestKey,
}

/// A row as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    pub id: i64,
    pub value: Option<Vec<u8>>,
    pub writes: i32,
}

impl Rotation {
    /// With rows 1 to `rows` sealed under the old key.
    pub async fn of(rows: i64) -> Self {
        Self::filled(TestDatabase::create().await, rows).await
    }

    /// As [`of`](Self::of), on a server of one's own.
    pub async fn of_on(server: &ThrowawayServer, rows: i64) -> Self {
        Self::filled(TestDatabase::create_on(server).await, rows).await
    }

    async fn filled(database: TestDatabase, rows: i64) -> Self {
        let rotation = Self { database, old: TestKey::random(), new: TestKey::random() };
        let table = "CREATE TABLE secrets (id bigint PRIMARY KEY, value bytea,
                     writes integer NOT NULL DEFAULT 0) WITH (autovacuum_enabled = off)";
        rotation.database.batch(table).await;
        rotation.insert("secrets", 1..=rows, &rotation.old).await;
        rotation.database.batch(COUNT_WRITES).await;
        rotation
    }

    /// Puts rows with these ids, sealed under `key`, into a table of this shape.
    pub async fn insert(&self, table: &str, ids: impl IntoIterator<Item = i64>, key: &TestKey) {
        let ids: Vec<i64> = ids.into_iter().collect();
        let values: Vec<Vec<u8>> =
            ids.iter().map(|id| seal(key, "go", b"", &secret(*id))).collect();
        let statement = format!(
            "INSERT INTO {table} (id, value) SELECT * FROM unnest($1::bigint[], $2::bytea[])"
        );
        self.client().await.execute(&statement, &[&ids, &values]).await.expect("rows");
    }

    /// Puts in a row under the old key of which the index of the primary key knows nothing.
    pub async fn hide_from_index(&self, id: i64) {
        let ready = |ready: bool| {
            let primary = "indexrelid = 'secrets_pkey'::regclass";
            format!("UPDATE pg_index SET indisready = {ready} WHERE {primary}")
        };
        self.database.batch(&ready(false)).await;
        self.insert("secrets", [id], &self.old).await;
        self.database.batch(&ready(true)).await;
        let client = self.client().await;
        client.batch_execute("SET enable_seqscan = off").await.expect("a setting");
        let found = client.query_opt("SELECT FROM secrets WHERE id = $1", &[&id]).await;
        assert!(found.expect("an index").is_none(), "row {id} is in the index");
    }

    pub async fn client(&self) -> Client {
        self.database.client().await
    }

    /// A value that says which row it belongs to, sealed under the old key.
    pub fn old_value(&self, id: i64) -> Vec<u8> {
        seal(&self.old, "go", b"", &secret(id))
    }

    /// `run` with one worker and pages of 100 rows; leases that nobody can wait for.
    pub fn run(&self) -> Reseal {
        self.command("run --workers 1 --page-rows-max 100 --lease 1h")
    }

    /// `run …` or `plan …` over the column, with both keys.
    pub fn command(&self, words: &str) -> Reseal {
        self.on_column(words).previous_keys(&[&self.old])
    }

    /// With the current key alone.
    pub fn verify(&self) -> Reseal {
        self.on_column("verify")
    }

    /// `run …` over other columns, with both keys.
    pub fn on_columns(&self, words: &str, columns: &[&str]) -> Reseal {
        let reseal = Reseal::new(words).json().on(&self.database).current_key(&self.new);
        let reseal = reseal.previous_keys(&[&self.old]);
        columns.iter().fold(reseal, |reseal, column| reseal.arg("-c").arg(*column))
    }

    fn on_column(&self, words: &str) -> Reseal {
        let reseal = Reseal::new(words).arg("-c").arg("secrets.value:go").json();
        reseal.on(&self.database).current_key(&self.new)
    }

    /// What `status` says.
    pub async fn status(&self) -> Value {
        Reseal::new("status").json().on(&self.database).run().await.expect(0).json()
    }

    /// Waits until nobody is at work on the unfinished run.
    pub async fn interrupted(&self) -> Value {
        eventually("status interrupted", async || {
            Some(self.status().await).filter(|status| status["status"] == "interrupted")
        })
        .await
    }

    /// Every row, by id; read from the table itself, whatever its indexes hold.
    pub async fn rows(&self) -> Vec<StoredRow> {
        let statement = "SELECT id, value, writes FROM secrets";
        let rows = self.client().await.query(statement, &[]).await.expect("the table");
        let row = |row: &tokio_postgres::Row| StoredRow {
            id: row.get("id"),
            value: row.get("value"),
            writes: row.get("writes"),
        };
        let mut rows: Vec<StoredRow> = rows.iter().map(row).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// Every plaintext by id; fails the test when the new key does not open a value.
    pub async fn opened(&self) -> BTreeMap<i64, Vec<u8>> {
        let rows = self.rows().await;
        let opened = rows.into_iter().map(|row| {
            let value = row.value.expect("no NULL in this test");
            let plaintext = open(&self.new, "go", b"", &value);
            (row.id, plaintext.unwrap_or_else(|| panic!("row {} needs another key", row.id)))
        });
        opened.collect()
    }

    /// Fails the test unless these rows, and no others, hold their own secrets under the new key.
    pub async fn expect_secrets(&self, ids: impl IntoIterator<Item = i64>) {
        let expected: BTreeMap<i64, Vec<u8>> = ids.into_iter().map(|id| (id, secret(id))).collect();
        let opened = self.opened().await;
        assert!(opened == expected, "rows differ: {} of {}", opened.len(), expected.len());
    }

    /// Fails the test unless every row was written exactly once.
    pub async fn expect_written_once(&self) {
        let wrong: Vec<_> = self.rows().await.into_iter().filter(|row| row.writes != 1).collect();
        assert!(wrong.is_empty(), "{} rows not written exactly once", wrong.len());
    }
}

/// The plaintext of a row.
fn secret(id: i64) -> Vec<u8> {
    format!("the secret of row {id}").into_bytes()
}

/// Orders for `RESEAL_FAILPOINT`, and the files that say that the process is held.
pub struct Failpoints {
    directory: TempDir,
    orders: String,
}

impl Failpoints {
    pub fn none() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory, orders: String::new() }
    }

    /// Holds the process when it reaches `point` (`name@n`).
    pub fn hold(point: &str) -> Self {
        Self::none().and_hold(point)
    }

    #[must_use]
    pub fn and_hold(mut self, point: &str) -> Self {
        let path = self.path(point);
        let written = write!(self.orders, "{point}=hold:{};", path.display());
        written.expect("writing to a String cannot fail");
        self
    }

    /// Kills the process (SIGKILL) when it reaches `point`.
    pub fn kill(point: &str) -> Self {
        Self::none().and_kill(point)
    }

    #[must_use]
    pub fn and_kill(mut self, point: &str) -> Self {
        write!(self.orders, "{point}=kill;").expect("writing to a String cannot fail");
        self
    }

    /// The command, under these orders.
    pub fn on(&self, reseal: Reseal) -> Reseal {
        reseal.env("RESEAL_FAILPOINT", &self.orders)
    }

    /// Waits until the process stands at `point`.
    pub async fn reached(&self, point: &str, process: &mut Running) {
        eventually(&format!("the process stands at {point}"), async || {
            let is_held = self.is_reached(point);
            assert!(is_held || !process.has_ended(), "ended before: {}", process.stderr_so_far());
            is_held.then_some(())
        })
        .await;
    }

    /// Whether a process stands at `point`.
    pub fn is_reached(&self, point: &str) -> bool {
        self.path(point).exists()
    }

    /// Lets it go.
    pub fn release(&self, point: &str) {
        fs::remove_file(self.path(point)).expect("the process is held");
    }

    fn path(&self, point: &str) -> PathBuf {
        self.directory.path().join(point)
    }
}
