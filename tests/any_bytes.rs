//! Stored values of every length, of random bytes or cut short: each is left byte for byte as it is and
//! listed with its reason, and the one good value among them is resealed.

mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use support::{Reseal, Rows, TestDatabase, TestKey, open, seal};

/// Bytes of the longest value.
const LONGEST: usize = 600;
/// The row whose `raw` is good.
const GOOD: usize = LONGEST + 1;

const TABLE: &str =
    "CREATE TABLE odd (id int PRIMARY KEY, raw bytea, hex text, base64 varchar(900),
    noise text, cut bytea, cut_text text)";

/// Nonce and tag of 12 and 16 bytes: what is shorter is no value.
const PARTS: usize = 28;

/// A column: its name, its layout, how its values are made, and which lengths have the layout's shape.
struct Column {
    name: &'static str,
    layout: &'static str,
    value: fn(&TestKey, usize) -> Vec<u8>,
    has_shape: fn(usize) -> bool,
}

const COLUMNS: [Column; 6] = [
    Column {
        name: "raw",
        layout: "go",
        value: |_, length| random(length),
        has_shape: |length| length >= PARTS,
    },
    Column {
        name: "hex",
        layout: "go-hex",
        value: |_, length| letters(length, b"0123456789abcdefABCDEF"),
        has_shape: |length| length >= 2 * PARTS && length.is_multiple_of(2),
    },
    Column {
        name: "base64",
        layout: "go-b64",
        value: |_, length| letters(length, b"ABCDEFGHIJKLMabcdefghijklm0123456789+/"),
        has_shape: is_base64,
    },
    Column {
        name: "noise",
        layout: "enc-v1",
        value: |_, length| letters(length, b" \t\n\r:={}()%\\'\"$1\x01\x7fenc:v"),
        has_shape: |_| false,
    },
    Column {
        name: "cut",
        layout: "node-hex",
        value: |key, length| cut(key, "node-hex", length),
        has_shape: |length| length >= 2 * PARTS + 2 && length.is_multiple_of(2),
    },
    Column {
        name: "cut_text",
        layout: "enc-v1",
        value: |key, length| cut(key, "enc-v1", length),
        has_shape: |length| length.checked_sub("enc:v1:".len()).is_some_and(is_base64),
    },
];

/// Base64 without its padding, which may be absent: all but one character over whole blocks.
fn is_base64(length: usize) -> bool {
    length % 4 != 1 && length * 3 / 4 >= PARTS
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("random bytes");
    bytes
}

fn letters(length: usize, alphabet: &[u8]) -> Vec<u8> {
    random(length).iter().map(|byte| alphabet[usize::from(*byte) % alphabet.len()]).collect()
}

/// The beginning of a good value.
fn cut(key: &TestKey, preset: &str, length: usize) -> Vec<u8> {
    let mut stored = seal(key, preset, b"", &random(LONGEST));
    stored.truncate(length);
    stored
}

#[tokio::test]
async fn values_of_every_length_are_left_alone_and_listed() {
    let (database, old, new) = (TestDatabase::create().await, TestKey::random(), TestKey::random());
    fill(&database, &old).await;
    let client = database.client().await;
    let before = Rows::read(&client, "odd", "id::text").await;
    let command = |words: &str| {
        let columns = COLUMNS.iter().map(|column| format!("odd.{}:{}", column.name, column.layout));
        let command = Reseal::new(words).on(&database).current_key(&new).json();
        columns.fold(command, |command, column| command.arg("-c").arg(column))
    };
    let run = command("run --allow-unreadable --max-failures 100000").previous_keys(&[&old]);
    let report = run.run().await.expect(1).json();
    let after = Rows::read(&client, "odd", "id::text").await;
    left_alone(&before, &after, &new);
    let expected = expected();
    assert_eq!(report["failed_records"], expected.len());
    assert_eq!((&report["processed_records"], &report["resealed_records"]), (&1.into(), &1.into()));
    assert_eq!((&report["conflicts"], &report["remaining_records"]), (&0.into(), &0.into()));
    let listed = Reseal::new("failures").on(&database).json().run().await.expect(0).json();
    assert_eq!(reasons(&listed["failures"]), expected);
    command("verify").run().await.expect(1);
    left_alone(&before, &Rows::read(&client, "odd", "id::text").await, &new);
}

/// A row for each length, and one with a good value.
async fn fill(database: &TestDatabase, key: &TestKey) {
    database.batch(TABLE).await;
    let client = database.client().await;
    let insert =
        "INSERT INTO odd SELECT $1, $2, convert_from($3, 'UTF8'), convert_from($4, 'UTF8'),
        convert_from($5, 'UTF8'), $6, convert_from($7, 'UTF8')";
    let insert = client.prepare(insert).await.expect("a statement");
    for length in 0..=LONGEST {
        let id = i32::try_from(length).expect("a short value");
        let [a, b, c, d, e, f] = COLUMNS.map(|column| (column.value)(key, length));
        client.execute(&insert, &[&id, &a, &b, &c, &d, &e, &f]).await.expect("a row");
    }
    let good = seal(key, "go", b"", b"good");
    let id = i32::try_from(GOOD).expect("a number");
    client.execute("INSERT INTO odd VALUES ($1, $2)", &[&id, &good]).await.expect("a row");
}

/// By column and length; what is empty counts for nothing.
fn expected() -> BTreeMap<(String, usize), String> {
    let columns = COLUMNS.iter().flat_map(|column| {
        (1..=LONGEST).map(|length| {
            let shape = (column.has_shape)(length);
            let reason = if shape { "no_key_opens_it" } else { "malformed" };
            ((column.name.to_owned(), length), reason.to_owned())
        })
    });
    columns.collect()
}

fn reasons(listed: &Value) -> BTreeMap<(String, usize), String> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let listed = listed.as_array().expect("a list").iter().map(|failure| {
        let length = text(&failure["key"][0]).parse().expect("a number");
        ((text(&failure["column"]), length), text(&failure["reason"]))
    });
    listed.collect()
}

/// Every row is the version it was; the good one has its value under the new key.
fn left_alone(before: &Rows, after: &Rows, new: &TestKey) {
    assert_eq!(before.0.len(), after.0.len());
    for length in 0..=LONGEST {
        let key = length.to_string();
        assert_eq!(before.row(&key), after.row(&key), "length {length}");
    }
    let stored = after.row(&GOOD.to_string()).bytes("raw").expect("a value");
    assert_eq!(open(new, "go", b"", &stored), Some(b"good".to_vec()));
}
