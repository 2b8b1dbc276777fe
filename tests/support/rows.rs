//! Every cell of a table at one moment, and where each row version lies, to compare with later.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use tokio_postgres::Client;

/// A table's rows by the text of their key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows(pub BTreeMap<String, Row>);

/// One row version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `tableoid`, `xmin` and `ctid`: equal ones mean that nobody has written the row.
    pub version: String,
    /// Every column as the text of its type.
    pub cells: Map<String, Value>,
}

impl Rows {
    /// `table` and `key` are SQL; `t` is the row.
    pub async fn read(client: &Client, table: &str, key: &str) -> Self {
        let settings = "SET bytea_output = hex; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'";
        client.batch_execute(settings).await.expect("settings");
        let statement = format!(
            "SELECT ({key})::text, concat_ws(' ', tableoid, xmin, ctid), row_to_json(t)::text FROM {table} AS t"
        );
        let rows = client.query(&statement, &[]).await.expect("the test's own SQL");
        let row = |row: &tokio_postgres::Row| {
            let cells = serde_json::from_str(row.get(2)).expect("a JSON object");
            (row.get(0), Row { version: row.get(1), cells })
        };
        let by_key: BTreeMap<String, Row> = rows.iter().map(row).collect();
        assert_eq!(by_key.len(), rows.len(), "the key of {table} is unique");
        Self(by_key)
    }

    /// The row with this key.
    #[track_caller]
    pub fn row(&self, key: &str) -> &Row {
        self.0.get(key).unwrap_or_else(|| panic!("no row {key}"))
    }

    /// The row versions alone.
    pub fn versions(&self) -> BTreeMap<&str, &str> {
        self.0.iter().map(|(key, row)| (key.as_str(), row.version.as_str())).collect()
    }
}

impl Row {
    /// The bytes of a `bytea` cell, or of a text one.
    #[track_caller]
    pub fn bytes(&self, column: &str) -> Option<Vec<u8>> {
        let text = match self.cells.get(column).expect(column) {
            Value::Null => return None,
            Value::String(text) => text,
            other => panic!("{column} holds {other}"),
        };
        match text.strip_prefix("\\x") {
            Some(hex) => Some(HEXLOWER.decode(hex.as_bytes()).expect("bytea in hex")),
            None => Some(text.clone().into_bytes()),
        }
    }
}
