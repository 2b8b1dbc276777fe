//! Other libraries themselves: each writes values under an old key into a real table, the program gives
//! them a new one, and the library reads them.
//!
//! `make test-libraries` installs them (`scripts/libraries`). How an application calls them stands in
//! `tests/libraries`, one program a language.
#![cfg(feature = "libraries")]
#![allow(clippy::panic, reason = "a test that fails may say so by a panic")]

mod support;

#[path = "libraries/envelope.rs"]
mod envelope;
#[path = "kms/fakes.rs"]
#[allow(dead_code, unused_imports, reason = "Tink needs one of the fakes")]
mod fakes;
#[path = "libraries/list.rs"]
mod list;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER;
use list::Library;
use serde_json::{Value, json};
use support::{Reseal, TestDatabase};

const PLAINTEXTS: [&str; 4] = [
    "Grüße, 4111-1111-1111-1111",
    "x",
    "a longer one, which takes more than one block of a cipher",
    "one that Rails compresses, since it has more than 140 bytes: and again, and again, and again, and again, and \
     again, and again, and again, and again",
];

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/libraries");
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/libraries");

/// The program that calls a library, by its file.
fn program(file: &str) -> Command {
    let mut command = match file {
        "python.py" => Command::new(format!("{INSTALLED}/python/bin/python")),
        "node.mjs" => Command::new("node"),
        "php.php" => Command::new("php"),
        _ => Command::new("ruby"),
    };
    command.arg(format!("{HERE}/{file}"));
    command.env("NODE_LIBRARIES", format!("{INSTALLED}/node"));
    command.env("SEARCHABLE", format!("{INSTALLED}/searchable"));
    command.env("ILLUMINATE", "/usr/share/php/Illuminate");
    command.env("RAILS", format!("{INSTALLED}/rails"));
    command
}

/// What a library makes of these values.
fn call(library: &Library, action: &str, key: &(String, &str), values: &[Vec<u8>]) -> Vec<Vec<u8>> {
    call_in(&[], library, action, key, values)
}

/// … with these variables.
fn call_in(
    environment: &[(&str, String)],
    library: &Library,
    action: &str,
    key: &(String, &str),
    values: &[Vec<u8>],
) -> Vec<Vec<u8>> {
    let values: Vec<String> = values.iter().map(|value| HEXLOWER.encode(value)).collect();
    let words = json!({"secret": key.0, "kid": key.1, "values": values});
    let mut command = program(library.program);
    command.args([library.name, action]);
    command.envs(environment.iter().map(|(name, value)| (*name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|why| panic!("{}: {why}; scripts/libraries installs it", library.program));
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(words.to_string().as_bytes()).expect("its words");
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {action}: {stderr}", library.name);
    let made: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let hex = |value: &Value| HEXLOWER.decode(value.as_str().expect("text").as_bytes());
    made.as_array().expect("a list").iter().map(|value| hex(value).expect("hex")).collect()
}

async fn fill(database: &TestDatabase, library: &Library, values: &[Vec<u8>]) {
    let Library { name, column, .. } = library;
    database.batch(&format!("CREATE TABLE {name} (id int PRIMARY KEY, value {column})")).await;
    let insert = match *column {
        "text" => format!("INSERT INTO {name} SELECT $1, convert_from($2, 'UTF8')"),
        _ => format!("INSERT INTO {name} SELECT $1, $2"),
    };
    for (id, value) in (1_i32..).zip(values) {
        database.client().await.execute(&insert, &[&id, value]).await.expect("a row");
    }
}

async fn stored(database: &TestDatabase, library: &Library) -> Vec<Vec<u8>> {
    let value = if library.column == "text" { "convert_to(value, 'UTF8')" } else { "value" };
    let select = format!("SELECT {value} FROM {} ORDER BY id", library.name);
    let rows = database.client().await.query(&select, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

/// A ring and a table for each library.
fn config(libraries: &[&Library]) -> String {
    let mut config = String::new();
    for Library { name, layout, .. } in libraries {
        write!(
            config,
            r#"
            [ring.{name}]
            current = {{ from = "env:{name}_new", kid = "2" }}
            previous = [{{ from = "env:{name}_old", kid = "1" }}]
            [[table]]
            name = "{name}"
            keys = "{name}"
            [table.columns]
            value = {layout}
            "#
        )
        .expect("a text");
    }
    config
}

async fn the_library_reads_what_was_resealed(program: &str) {
    let libraries: Vec<&Library> =
        list::LIBRARIES.iter().filter(|l| l.program == program).collect();
    let plaintexts = PLAINTEXTS.map(|plaintext| plaintext.as_bytes().to_vec());
    let database = TestDatabase::create().await;
    let mut before = Vec::new();
    let mut run = Reseal::new("run").on(&database).config(config(&libraries)).json();
    for library in &libraries {
        let [old, new] = library.secrets();
        let values = call(library, "seal", &(old.clone(), "1"), &plaintexts);
        fill(&database, library, &values).await;
        run = run.env(&format!("{}_old", library.name), &old);
        run = run.env(&format!("{}_new", library.name), &new);
        before.push(values);
    }
    let report = run.run().await.expect(0).json();
    let rows = libraries.len() * plaintexts.len();
    assert_eq!((&report["resealed_records"], &report["failed_records"]), (&json!(rows), &json!(0)));
    for (library, before) in libraries.iter().zip(before) {
        let [_, new] = library.secrets();
        let after = stored(&database, library).await;
        assert!(after.iter().zip(&before).all(|(new, old)| new != old), "{}", library.name);
        let opened = call(library, "open", &(new, "2"), &after);
        assert_eq!(opened, plaintexts, "{}", library.name);
    }
}

#[tokio::test]
async fn python_reads_what_was_resealed() {
    the_library_reads_what_was_resealed("python.py").await;
}

#[tokio::test]
async fn node_reads_what_was_resealed() {
    the_library_reads_what_was_resealed("node.mjs").await;
}

#[tokio::test]
async fn php_reads_what_was_resealed() {
    the_library_reads_what_was_resealed("php.php").await;
}

#[tokio::test]
async fn rails_reads_what_was_resealed() {
    the_library_reads_what_was_resealed("rails.rb").await;
}

#[tokio::test]
async fn ruby_reads_what_was_resealed() {
    the_library_reads_what_was_resealed("ruby.rb").await;
}

/// A new keyset of one key, as Tink makes it.
fn new_keyset(tink: &Library, template: &str) -> Value {
    let made = call(tink, "seal", &(String::new(), "0"), &[template.into()]);
    serde_json::from_slice(&made[0]).expect("JSON")
}

/// A keyset of these ones' keys, whose primary key is that of the first.
fn keyset(of: &[&Value]) -> String {
    let keys: Vec<&Value> = of.iter().map(|keyset| &keyset["key"][0]).collect();
    json!({"primaryKeyId": of[0]["primaryKeyId"], "key": keys}).to_string()
}

/// Tink writes with several keys, one after the other the primary one; after the run its newest key is all
/// that it needs.
#[tokio::test]
async fn tink_reads_with_its_new_primary_key_alone() {
    let tink = |name| list::tink(name);
    let (maker, library) = (tink("tink_new"), tink("tink_keyset"));
    let templates = ["AES256_GCM", "AES128_GCM", "XCHACHA20_POLY1305", "AES256_GCM_RAW"];
    let [first, second, third, raw] = templates.map(|name| new_keyset(&maker, name));
    let new = new_keyset(&maker, "AES256_GCM");
    let plaintexts = PLAINTEXTS.map(|plaintext| plaintext.as_bytes().to_vec());
    let mut values = Vec::new();
    for primary in [&first, &second, &third, &raw] {
        values.extend(call(&library, "seal", &(keyset(&[primary]), "0"), &plaintexts));
    }
    let database = TestDatabase::create().await;
    fill(&database, &library, &values).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("keyset.json");
    std::fs::write(&file, keyset(&[&new, &first, &second, &third, &raw])).expect("a keyset");
    let config = format!(
        r#"
        [keys]
        current = {{ keyset = "file:{}" }}
        [[table]]
        name = "tink_keyset"
        [table.columns]
        value = {}
        "#,
        file.display(),
        library.layout
    );
    let run = Reseal::new("run").on(&database).config(config).json();
    let report = run.run().await.expect(0).json();
    assert_eq!(report["resealed_records"], values.len());
    let after = stored(&database, &library).await;
    let opened = call(&library, "open", &(keyset(&[&new]), "0"), &after);
    assert_eq!(opened, [&plaintexts[..]; 4].concat());
}
