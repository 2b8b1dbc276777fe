//! Layouts and additional data as tables hold them: read by the real binary, written exactly, and
//! opened afterwards by a second implementation.

mod support;

#[path = "layouts_in_tables/additional_data.rs"]
mod additional_data;
#[path = "layouts_in_tables/bounds.rs"]
mod bounds;
#[path = "layouts_in_tables/formats.rs"]
mod formats;
#[path = "layouts_in_tables/found.rs"]
mod found;
#[path = "layouts_in_tables/keys.rs"]
mod keys;
#[path = "layouts_in_tables/keysets.rs"]
mod keysets;
#[path = "layouts_in_tables/nothing.rs"]
mod nothing;
#[path = "layouts_in_tables/shapes.rs"]
mod shapes;

use serde_json::Value;
use support::{Reseal, TestDatabase, TestKey};

/// `run` with this configuration.
fn run(database: &TestDatabase, new: &TestKey, old: &TestKey, config: &str) -> Reseal {
    let command = Reseal::new("run").on(database).config(config).json();
    command.current_key(new).previous_keys(&[old])
}

async fn failures(database: &TestDatabase) -> Vec<Value> {
    let listed = Reseal::new("failures").on(database).json().run().await.expect(0).json();
    listed["failures"].as_array().expect("a list").clone()
}

/// Column, first key column, reason and SQLSTATE of each failure.
fn lines(failures: &[Value]) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line =
        |f: &Value| [&f["column"], &f["key"][0], &f["reason"], &f["sqlstate"]].map(word).join(" ");
    let mut lines: Vec<String> = failures.iter().map(line).collect();
    lines.sort();
    lines
}
