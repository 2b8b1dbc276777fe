//! Tables of one value a row, walked by the real binary and looked at afterwards.

use serde_json::Value;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::support::{Reseal, TestDatabase, TestKey, open, seal};

/// Rows of an ordinary table.
pub const ROWS: i32 = 40;
/// Rows of a page.
pub const PAGE_ROWS: i32 = 7;

pub struct Keys {
    pub old: TestKey,
    pub new: TestKey,
}

impl Keys {
    pub fn random() -> Self {
        Self { old: TestKey::random(), new: TestKey::random() }
    }
}

/// A table with a column `number` and a column of values.
#[derive(Clone, Debug)]
pub struct Table {
    /// As in SQL.
    pub name: String,
    /// The exact name of the column of values.
    pub value: String,
}

impl Table {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), value: "secret".to_owned() }
    }

    /// Inserts the rows of these numbers under the old key. `key` names the key's columns and
    /// `expressions` makes them from `g`, the row's number.
    pub async fn fill(
        &self,
        client: &Client,
        keys: &Keys,
        numbers: impl IntoIterator<Item = i32>,
        (key, expressions): (&str, &str),
    ) {
        let numbers: Vec<i32> = numbers.into_iter().collect();
        let sealed = |n: &i32| seal(&keys.old, "go", b"", plaintext(*n).as_bytes());
        let values: Vec<Vec<u8>> = numbers.iter().map(sealed).collect();
        let (name, value) = (&self.name, quoted(&self.value));
        let statement = format!(
            "INSERT INTO {name} (number, {value}, {key}) SELECT g, s, {expressions} \
             FROM unnest($1, $2) AS x(g, s)"
        );
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&numbers, Type::INT4_ARRAY), (&values, Type::BYTEA_ARRAY)];
        let inserted = client.query_typed(&statement, &parameters).await;
        inserted.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }

    /// How many values there are, after every one has been opened with the new key alone.
    pub async fn check(&self, client: &Client, keys: &Keys) -> u64 {
        let (name, value) = (&self.name, quoted(&self.value));
        let rows = client.query(&format!("SELECT number, {value} FROM {name}"), &[]).await;
        let rows = rows.expect("the test's own SQL");
        for row in &rows {
            let number: i32 = row.get(0);
            let opened = open(&keys.new, "go", b"", row.get(1));
            let expected = plaintext(number);
            assert_eq!(opened.as_deref(), Some(expected.as_bytes()), "{name}: row {number}");
        }
        rows.len() as u64
    }

    fn config(&self) -> String {
        // a string of JSON is one of TOML
        let (name, column) = (Value::from(&*self.name), Value::from(&*self.value));
        format!("[[table]]\nname = {name}\n[table.columns]\n{column} = \"go\"\n")
    }
}

/// A name in SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub fn plaintext(number: i32) -> String {
    format!("the secret of row {number}")
}

/// A run over these tables, in small pages.
pub fn run(database: &TestDatabase, keys: &Keys, tables: &[Table]) -> Reseal {
    let words = format!("run --page-rows-max {PAGE_ROWS}");
    let config: String = tables.iter().map(Table::config).collect();
    let command = Reseal::new(&words).on(database).config(config).json();
    command.current_key(&keys.new).previous_keys(&[&keys.old])
}

/// Runs to proof, and looks at every value.
pub async fn rotate(database: &TestDatabase, keys: &Keys, tables: &[Table]) -> Value {
    let report = run(database, keys, tables).run().await.expect(0).json();
    let client = database.client().await;
    let mut values = 0;
    for table in tables {
        values += table.check(&client, keys).await;
    }
    assert_eq!(report["resealed_records"], values, "{report}");
    assert_eq!(report["total_records"], values, "{report}");
    assert_eq!(report["conflicts"], 0, "{report}");
    report
}

/// The pages and rows of a table's pass in key order, as the newest run's checkpoints count them.
pub async fn pages_and_rows(client: &Client, plain_name: &str) -> (i64, i64) {
    let statement = "SELECT sum(pages)::bigint, sum(rows_read)::bigint FROM reseal.checkpoint \
                     WHERE step = 'reseal' AND table_name = $1 \
                     AND run_id = (SELECT max(run_id) FROM reseal.run)";
    let row = client.query_one(statement, &[&plain_name]).await.expect("a checkpoint");
    (
        row.get::<_, Option<i64>>(0).unwrap_or_default(),
        row.get::<_, Option<i64>>(1).unwrap_or_default(),
    )
}
