//! `reseal scan` on real databases: what it finds and under which keys, what merely looks like it, what it does
//! not look at, the configuration it writes, and what a configuration does not cover.

mod support;

#[path = "scan/against.rs"]
mod against;
#[path = "scan/bounds.rs"]
mod bounds;
#[path = "scan/catalogue.rs"]
mod catalogue;
#[path = "scan/documents.rs"]
mod documents;
#[path = "scan/found.rs"]
mod found;
#[path = "scan/pieces.rs"]
mod pieces;
#[path = "scan/ready.rs"]
mod ready;
#[path = "scan/sealed.rs"]
mod sealed;
#[path = "scan/words.rs"]
mod words;

use serde_json::Value;
use support::{Reseal, TestDatabase, TestKey};

/// A database and two keys.
struct Site {
    database: TestDatabase,
    old: TestKey,
    new: TestKey,
}

impl Site {
    async fn new() -> Self {
        let database = TestDatabase::create().await;
        Self { database, old: TestKey::random(), new: TestKey::random() }
    }

    /// A command with both keys.
    fn command(&self, words: &str) -> Reseal {
        Reseal::new(words).on(&self.database).current_key(&self.new).previous_keys(&[&self.old])
    }

    /// A table with an id and a column of these values.
    async fn table(&self, table: &str, column: &str, type_of: &str, values: &[Vec<u8>]) {
        let create = format!("CREATE TABLE {table} (id bigint PRIMARY KEY, {column} {type_of})");
        self.database.batch(&create).await;
        self.insert(table, column, type_of, values).await;
    }

    /// Rows with these values, with ids from 1.
    async fn insert(&self, table: &str, column: &str, type_of: &str, values: &[Vec<u8>]) {
        let value = match type_of {
            "bytea" => "v".to_owned(),
            other => format!("convert_from(v, 'UTF8')::{other}"),
        };
        let insert = format!(
            "INSERT INTO {table} (id, {column})
             SELECT n, {value} FROM unnest($1::bytea[]) WITH ORDINALITY AS x (v, n)"
        );
        self.database.client().await.execute(&insert, &[&values]).await.expect("rows");
    }
}

/// `table.column` of every line of a list.
fn places(report: &Value, list: &str) -> Vec<String> {
    let lines = report[list].as_array().unwrap_or_else(|| panic!("no {list} in {report}"));
    let place = |line: &Value| {
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        match line.get("table") {
            Some(_) => format!("{}.{}", word("table"), word("column")),
            None => word("column"),
        }
    };
    lines.iter().map(place).collect()
}
