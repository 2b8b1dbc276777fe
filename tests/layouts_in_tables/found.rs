//! Layouts that nobody named: found by authentication, or refused.

use reseal::layout::Layout;

use super::support::{Reseal, Rows, TestDatabase, TestKey, open, seal};

const PRESETS: [&str; 7] =
    ["go", "go-hex", "go-b64", "go-b64url", "node-hex", "node-hex-iv16", "enc-v1"];

fn command(words: &str, database: &TestDatabase, new: &TestKey, old: &TestKey) -> Reseal {
    let command = Reseal::new(words).on(database).json();
    command.current_key(new).previous_keys(&[old])
}

/// A table with a column `v` of these values.
async fn table(database: &TestDatabase, name: &str, type_of: &str, values: &[Vec<u8>]) {
    let client = database.client().await;
    let create = format!(
        "DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (id int PRIMARY KEY, v {type_of})"
    );
    client.batch_execute(&create).await.expect("a table");
    let value = if type_of == "bytea" { "v" } else { "convert_from(v, 'UTF8')" };
    let insert = format!(
        "INSERT INTO {name} SELECT n - 1, {value} FROM unnest($1::bytea[]) WITH ORDINALITY AS x(v, n)"
    );
    client.execute(&insert, &[&values]).await.expect("rows");
}

#[tokio::test]
async fn the_layout_of_a_column_is_the_one_its_values_open_in() {
    let database = TestDatabase::create().await;
    let (old, new) = (TestKey::random(), TestKey::random());
    let text = PRESETS.iter().filter(|preset| **preset != "go").map(|preset| (*preset, "text"));
    let cases: Vec<(&str, &str)> =
        PRESETS.iter().map(|preset| (*preset, "bytea")).chain(text).collect();
    let (mut plan, mut run) =
        (command("plan", &database, &new, &old), command("run", &database, &new, &old));
    for (n, (preset, type_of)) in cases.iter().enumerate() {
        let mut values: Vec<Vec<u8>> =
            (0..39_u8).map(|n| seal(&old, preset, b"", &[n; 20])).collect();
        values.push(seal(&new, preset, b"", &[39; 20]));
        table(&database, &format!("t{n:02}"), type_of, &values).await;
        let column = format!("-ct{n:02}.v");
        (plan, run) = (plan.arg(&column), run.arg(&column));
    }
    let planned = plan.run().await.expect(0).json();
    for (n, (preset, type_of)) in cases.iter().enumerate() {
        let column = &planned["tables"][n]["columns"][0];
        let template = Layout::named(preset).expect("a preset").template().to_owned();
        assert_eq!(column["template"], template, "{preset} in {type_of}");
        assert_eq!(column["layout_was_found"], true);
        let opened = (&column["current_key_opens"], &column["previous_keys_open"]);
        assert_eq!(opened, (&1.into(), &39.into()));
    }
    assert_eq!(run.run().await.expect(0).json()["resealed_records"], 39 * cases.len());
    for (n, (preset, type_of)) in cases.iter().enumerate() {
        let rows = Rows::read(&database.client().await, &format!("t{n:02}"), "id").await;
        for n in 0..40_u8 {
            let stored = rows.row(&n.to_string()).bytes("v").expect("a value");
            let opened = open(&new, preset, b"", &stored);
            assert_eq!(opened, Some(vec![n; 20]), "{preset} in {type_of}");
        }
    }
}

/// Base64 without the two characters in which its alphabets differ reads the same in both.
#[tokio::test]
async fn more_than_one_layout_is_refused_rather_than_guessed() {
    let (old, new) = (TestKey::random(), TestKey::random());
    let database = TestDatabase::create().await;
    let is_either = |value: &Vec<u8>| !value.iter().any(|byte| b"+/-_".contains(byte));
    let either = || std::iter::repeat_with(|| seal(&old, "go-b64", b"", b"x")).find(is_either);
    let values: Vec<Vec<u8>> = (0..5).filter_map(|_| either()).collect();
    table(&database, "t", "text", &values).await;
    let before = Rows::read(&database.client().await, "t", "id").await;
    let refused = command("run -c t.v", &database, &new, &old).run().await.expect(3);
    for word in ["several layouts fit", "go-b64", "go-b64url", "t.v"] {
        assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
    }
    let after = Rows::read(&database.client().await, "t", "id").await;
    assert_eq!(before, after);
    let ledger = "SELECT to_regnamespace('reseal') IS NOT NULL";
    let row = database.client().await.query_one(ledger, &[]).await.expect("a catalogue");
    assert!(!row.get::<_, bool>(0), "a refused plan writes nothing");
    command("run -c t.v:go-b64", &database, &new, &old).run().await.expect(0);
}

/// In mid-rotation a proof has the key of some values only. They tell the layout; the others are what it counts.
#[tokio::test]
async fn a_proof_finds_the_layout_by_what_its_key_opens() {
    let (old, new) = (TestKey::random(), TestKey::random());
    let database = TestDatabase::create().await;
    let values = |new_ones: u8| -> Vec<Vec<u8>> {
        let key = |n| if n < new_ones { &new } else { &old };
        (0..40).map(|n| seal(key(n), "enc-v1", b"", &[n; 20])).collect()
    };
    let verify = || Reseal::new("verify -c t.v").on(&database).json().current_key(&new);
    table(&database, "t", "text", &values(3)).await;
    let verdict = verify().run().await.expect(1).json();
    assert_eq!(
        (&verdict["processed_records"], &verdict["remaining_records"]),
        (&3.into(), &37.into())
    );
    table(&database, "t", "text", &values(0)).await;
    let refused = verify().run().await.expect(3);
    assert!(refused.stderr.contains("opens none of 40 sampled values"), "{}", refused.stderr);
    assert!(refused.stderr.contains("-c TABLE.COLUMN:LAYOUT"), "{}", refused.stderr);
    table(&database, "t", "text", &values(40)).await;
    verify().run().await.expect(0);
}

#[tokio::test]
async fn no_layout_is_refused() {
    let (old, new) = (TestKey::random(), TestKey::random());
    let database = TestDatabase::create().await;
    let unknown: Vec<Vec<u8>> =
        (0..20).map(|_| seal(&TestKey::random(), "go-b64", b"", b"x")).collect();
    let unusual: Vec<Vec<u8>> =
        (0..20).map(|_| [b"v9|".as_slice(), &seal(&old, "go-b64", b"", b"x")].concat()).collect();
    for (values, word) in [
        (unknown, "no known layout"),
        (unusual, "no known layout"),
        (vec![], "no value to find a layout by"),
    ] {
        table(&database, "t", "text", &values).await;
        for words in ["plan -c t.v", "run -c t.v"] {
            let refused = command(words, &database, &new, &old).run().await.expect(3);
            assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
            assert!(refused.stderr.contains("LAYOUT"), "{}", refused.stderr);
        }
    }
    let values: Vec<Vec<u8>> =
        (0..5).map(|_| [b"v9|".as_slice(), &seal(&old, "go-b64", b"", b"x")].concat()).collect();
    table(&database, "t", "text", &values).await;
    let run = command("run", &database, &new, &old).arg("-ct.v:v9|{b64(nonce12 ct tag16)}");
    assert_eq!(run.run().await.expect(0).json()["resealed_records"], 5);
}
