//! Keys in a keyset of Tink: its primary key seals, its other enabled keys open, and nothing else does.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::support::{Reseal, TestDatabase, TestKey, open, seal};

/// A key of AES-256-GCM as a keyset has it.
fn key(id: u32, key: &TestKey, status: &str, prefix: &str) -> Value {
    let message = [&[0x1a, 32][..], key.bytes()].concat();
    let data = json!({
        "typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmKey",
        "value": BASE64.encode(&message),
        "keyMaterialType": "SYMMETRIC",
    });
    json!({"keyData": data, "status": status, "keyId": id, "outputPrefixType": prefix})
}

fn write_keyset(file: &Path, primary: u32, keys: &[Value]) {
    let keyset = json!({"primaryKeyId": primary, "key": keys});
    fs::write(file, keyset.to_string()).expect("a keyset");
}

/// A value as Tink writes it with the prefix TINK.
fn tink(id: u32, key: &TestKey, text: &str) -> Vec<u8> {
    [&[1][..], &id.to_be_bytes(), &seal(key, "go", b"", text.as_bytes())].concat()
}

fn config(keyset: &Path, column: &str) -> String {
    format!(
        "[keys]\ncurrent = {{ keyset = \"file:{}\" }}\n\
         [[table]]\nname = \"t\"\n[table.columns]\nv = {column}\n",
        keyset.display()
    )
}

async fn table(values: &[Vec<u8>]) -> TestDatabase {
    let database = TestDatabase::create().await;
    database.batch("CREATE TABLE t (id int PRIMARY KEY, v bytea)").await;
    for (id, value) in (1_i32..).zip(values) {
        let insert = "INSERT INTO t VALUES ($1, $2)";
        database.client().await.execute(insert, &[&id, value]).await.expect("a row");
    }
    database
}

#[tokio::test]
async fn its_primary_key_seals_and_its_enabled_keys_open() {
    let [old, raw, disabled, new] = [(); 4].map(|()| TestKey::random());
    let text = |id: usize| format!("value {id}");
    let mut values: Vec<_> = (1..=20).map(|id| tink(7, &old, &text(id))).collect();
    values.extend((21..=40).map(|id| seal(&raw, "go", b"", text(id).as_bytes())));
    values.push(tink(9, &disabled, "of a key that is disabled"));
    let database = table(&values).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("keyset.json");
    let (one, two) = (key(7, &old, "ENABLED", "TINK"), key(8, &raw, "ENABLED", "RAW"));
    let (three, four) = (key(9, &disabled, "DISABLED", "TINK"), key(10, &new, "ENABLED", "TINK"));
    write_keyset(&file, 10, &[one, two, three, four.clone()]);

    // what a search finds runs as it is written
    let found = directory.path().join("found.toml");
    let keys = format!("[keys]\ncurrent = {{ keyset = \"file:{}\" }}\n", file.display());
    let scan = Reseal::new("scan --write").arg(&found).on(&database).config(keys);
    scan.run().await.expect(0);
    let written = fs::read_to_string(&found).expect("a configuration");
    assert!(written.contains("v = { write = \"tink\", read = [\"go\"]"), "{written}");
    let run = Reseal::new("run").on(&database).config(written).json();
    let report = run.run().await.expect(1).json();
    assert_eq!((&report["resealed_records"], &report["failed_records"]), (&json!(40), &json!(1)));
    assert_eq!(report["current_key"], new.id());
    assert_eq!(report["previous_keys"], json!([old.id(), raw.id()]));
    let client = database.client().await;
    for row in client.query("SELECT id, v FROM t WHERE id <= 40", &[]).await.expect("rows") {
        let (id, value): (i32, Vec<u8>) = (row.get(0), row.get(1));
        assert_eq!(value[..5], [1, 0, 0, 0, 10]);
        assert_eq!(open(&new, "go", b"", &value[5..]), Some(text(id as usize).into_bytes()));
    }

    // the proof needs the primary key alone
    client.batch_execute("DELETE FROM t WHERE id > 40").await.expect("a row less");
    write_keyset(&file, 10, &[four]);
    let verify = Reseal::new("verify").on(&database).config(config(&file, "\"tink\""));
    verify.run().await.expect(0);
}

/// What the program says of a configuration whose keyset is this one.
async fn refusal(primary: &Value, column: &str) -> String {
    let database = table(&[]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("keyset.json");
    write_keyset(&file, 7, std::slice::from_ref(primary));
    let plan = Reseal::new("plan").on(&database).config(config(&file, column));
    plan.run().await.expect(2).stderr.replace(&file.display().to_string(), "FILE")
}

/// What Tink could not read afterwards is not written.
#[tokio::test]
async fn a_layout_of_another_prefix_or_cipher_is_refused() {
    let new = TestKey::random();
    let tink = key(7, &new, "ENABLED", "TINK");
    for (primary, column, wanted) in [
        (&tink, "\"go\"", "the primary key of the keyset has the prefix TINK"),
        (&key(7, &new, "ENABLED", "RAW"), "\"tink\"", "has the prefix RAW"),
        (&key(7, &new, "ENABLED", "CRUNCHY"), "\"tink\"", "has the prefix CRUNCHY"),
        (
            &tink,
            "\"tink-xchacha20\"",
            "the key is one of aes-256-gcm, not of xchacha20-poly1305\n  where: file:FILE, key 7",
        ),
    ] {
        let said = refusal(primary, column).await;
        assert!(said.contains(wanted), "{column}: {said}");
        assert!(!said.contains(&new.hex()), "{said}");
    }
}
