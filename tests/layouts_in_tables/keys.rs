//! Several previous keys, several rings, and layouts that are only read.

use std::fs;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::run;
use super::support::{
    Hold, Reseal, StoredParts, TestDatabase, TestKey, open, seal, seal_with_crate,
};

#[tokio::test]
async fn each_value_is_opened_by_whichever_previous_key_fits() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let keys: Vec<TestKey> = (0..5).map(|_| TestKey::random()).collect();
    let new = TestKey::random();
    client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, v bytea)").await.expect("a table");
    for (id, key) in (0..).zip(keys.iter().cycle().take(50)) {
        let value = seal(key, "go", b"", format!("value {id}").as_bytes());
        client.execute("INSERT INTO t VALUES ($1, $2)", &[&id, &value]).await.expect("a row");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("older-keys");
    fs::write(&file, format!("{}\n{}\n", keys[3].hex(), keys[4].hex())).expect("a key file");
    let config = format!(
        "[keys]\nprevious = [\"env:ENCRYPTION_KEY_PREVIOUS\", \"env:ONE_MORE\", \"file:{}\"]\n",
        file.display()
    );
    let command = Reseal::new("run -c t.v:go").on(&database).config(config).json();
    let command = command.previous_keys(&[&keys[0], &keys[1]]).env("ONE_MORE", keys[2].hex());
    let report = command.current_key(&new).run().await.expect(0).json();
    assert_eq!(report["resealed_records"], 50);
    assert_eq!(report["current_key"], new.id());
    let previous: Vec<String> = keys.iter().map(TestKey::id).collect();
    assert_eq!(report["previous_keys"], serde_json::json!(previous));
    for row in client.query("SELECT id, v FROM t", &[]).await.expect("rows") {
        let (id, value): (i32, Vec<u8>) = (row.get(0), row.get(1));
        let opened = open(&new, "go", b"", &value);
        assert_eq!(opened, Some(format!("value {id}").into_bytes()));
    }
}

/// Two services' keys in one database: each table is opened and sealed by its own ring.
#[tokio::test]
async fn tables_keep_to_their_rings() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let [old, new, old_billing, new_billing] = [(); 4].map(|()| TestKey::random());
    let tables = "CREATE TABLE a (id int PRIMARY KEY, v bytea);
                  CREATE TABLE b (id int PRIMARY KEY, v bytea);";
    client.batch_execute(tables).await.expect("tables");
    for (table, key) in [("a", &old), ("b", &old_billing)] {
        for id in 0..30 {
            let value = seal(key, "go", b"", table.as_bytes());
            let insert = format!("INSERT INTO {table} VALUES ($1, $2)");
            client.execute(&insert, &[&id, &value]).await.expect("a row");
        }
    }
    // a value of the other service is nobody's here
    let stray = seal(&old, "go", b"", b"stray");
    client.execute("INSERT INTO b VALUES (99, $1)", &[&stray]).await.expect("a row");
    let config = "[ring.billing]\ncurrent = \"env:BILLING\"\nprevious = [\"env:BILLING_OLD\"]\n\
                  [[table]]\nname = \"a\"\n[table.columns]\nv = \"go\"\n\
                  [[table]]\nname = \"b\"\nkeys = \"billing\"\n[table.columns]\nv = \"go\"\n";
    let command = run(&database, &new, &old, config).env("BILLING", new_billing.hex());
    let report = command.env("BILLING_OLD", old_billing.hex()).run().await.expect(1).json();
    assert_eq!((&report["resealed_records"], &report["failed_records"]), (&60.into(), &1.into()));
    assert_eq!(report["rings"].as_array().map(Vec::len), Some(2), "{report}");
    for (table, key) in [("a", &new), ("b", &new_billing)] {
        let select = format!("SELECT v FROM {table} WHERE id < 99");
        for row in client.query(&select, &[]).await.expect("rows") {
            let opened = open(key, "go", b"", row.get(0));
            assert_eq!(opened.as_deref(), Some(table.as_bytes()));
        }
    }
}

/// A column that moves to another layout: what is read in an old layout is written in the new one,
/// under whichever key it was; a tag cut short is read, and written whole.
#[tokio::test]
async fn values_in_a_layout_to_read_move_to_the_layout_to_write() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let (old, new) = (TestKey::random(), TestKey::random());
    client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, v text)").await.expect("a table");
    let short_tag = |key: &TestKey| {
        let mut parts = StoredParts::seal(key, 12, b"", b"value");
        parts.tag.truncate(12);
        let joined = [parts.nonce, parts.ciphertext, parts.tag].concat();
        data_encoding::BASE64.encode(&joined).into_bytes()
    };
    let values = [
        seal(&old, "go-b64", b"", b"value"),
        seal(&new, "go-b64", b"", b"value"),
        seal(&old, "node-hex", b"", b"value"),
        seal(&new, "node-hex", b"", b"value"),
        seal(&old, "go-hex", b"", b"value"),
        seal(&new, "go-hex", b"", b"value"),
        short_tag(&old),
        short_tag(&new),
    ];
    for (id, value) in (0..).zip(&values) {
        let value = std::str::from_utf8(value).expect("text");
        client.execute("INSERT INTO t VALUES ($1, $2)", &[&id, &value]).await.expect("a row");
    }
    let config = "[[table]]\nname = \"t\"\n[table.columns]\n\
        v = { write = \"go-b64\", read = [\"node-hex\", \"go-hex\", \"{b64(nonce12 ct tag12)}\"] }\n";
    let report = run(&database, &new, &old, config).run().await.expect(0).json();
    // all but the one that was as it should be
    assert_eq!((&report["total_records"], &report["resealed_records"]), (&8.into(), &7.into()));
    for row in client.query("SELECT id, v FROM t", &[]).await.expect("rows") {
        let (id, value): (i32, String) = (row.get(0), row.get(1));
        let opened = open(&new, "go-b64", b"", value.as_bytes());
        assert_eq!(opened.as_deref(), Some(&b"value"[..]), "row {id}");
        assert_eq!(value.as_bytes() == values[1], id == 1, "row {id}");
    }
    // and with the layout to write alone nothing is missed
    let config = "[[table]]\nname = \"t\"\n[table.columns]\nv = \"go-b64\"\n";
    let verify = Reseal::new("verify").on(&database).config(config).current_key(&new);
    verify.run().await.expect(0);
}

/// Each of them would call it by a label of its own: the second one finds that out before it keeps anything.
#[tokio::test]
async fn two_processes_that_meet_a_passphrase_at_once_call_it_by_one_label() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, v text)").await.expect("a table");
    for id in 1..=20 {
        let key = HEXLOWER.encode(&Sha256::digest(b"an old passphrase"));
        let value =
            seal_with_crate(&TestKey::from_hex(&key), "{hex(nonce12)}:{hex(ct tag16)}", b"", b"x");
        let value = String::from_utf8(value).expect("a text");
        client.execute("INSERT INTO t VALUES ($1, $2)", &[&id, &value]).await.expect("a row");
    }
    let config = "[[table]]\nname = \"t\"\n[table.columns]\nv = { layout = \"{hex(nonce12)}:{hex(ct tag16)}\", \
                  key = { encoding = \"text\", derive = \"sha256\" } }\n";
    let command = || {
        let command = Reseal::new("run").on(&database).config(config).json();
        command
            .env("ENCRYPTION_KEY", "a new passphrase")
            .env("ENCRYPTION_KEY_PREVIOUS", "an old passphrase")
    };
    let (first, one) = Hold::at("passphrases-named", command()).await;
    let (second, other) = Hold::at("passphrases-named", command()).await;
    first.release();
    second.release();
    let one = one.wait().await.expect(0).json();
    let other = other.wait().await.expect(0).json();
    assert_eq!(one["current_key"], other["current_key"]);
    let labels =
        client.query_one("SELECT count(*) FROM reseal.passphrase", &[]).await.expect("labels");
    assert_eq!(labels.get::<_, i64>(0), 2, "one for each passphrase");
    let again = command().run().await.expect(0).json();
    assert_eq!(again["current_key"], one["current_key"]);
    assert_eq!(again["previous_keys"], one["previous_keys"]);
}
