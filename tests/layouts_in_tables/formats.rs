//! Values that other libraries made, as `tests/vectors` has them: resealed in their own format, and brought to
//! another one.

use std::fs;

use serde_json::Value;

use super::support::{Reseal, TestDatabase, TestKey, open};
use super::{failures, lines};

const PLAINTEXT: &str = "Grüße, 4111-1111-1111-1111";
/// The key of most vectors.
const VECTOR_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW_KEY: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f";

/// What a vector has stored.
fn vector(name: &str) -> String {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let json: Value = serde_json::from_slice(&fs::read(path).expect("a vector")).expect("JSON");
    json["stored"].as_str().expect("a text").to_owned()
}

/// A table whose columns are called as the vectors they hold, two rows of each.
async fn table(database: &TestDatabase, vectors: &[&str]) {
    let columns: Vec<String> = vectors.iter().map(|name| format!("\"{name}\" text")).collect();
    let create = format!("CREATE TABLE t (id int PRIMARY KEY, {})", columns.join(", "));
    database.batch(&create).await;
    let values: Vec<String> = vectors.iter().map(|name| format!("'{}'", vector(name))).collect();
    let values = values.join(", ");
    database.batch(&format!("INSERT INTO t VALUES (1, {values}), (2, {values})")).await;
}

async fn stored(database: &TestDatabase, id: i32, column: &str) -> String {
    let select = format!("SELECT \"{column}\" FROM t WHERE id = $1");
    database.client().await.query_one(&select, &[&id]).await.expect("a row").get(0)
}

fn command(words: &str, database: &TestDatabase, config: &str) -> Reseal {
    let command = Reseal::new(words).on(database).config(config);
    command.env("NEW", NEW_KEY).env("OLD", VECTOR_KEY)
}

const OWN_FORMATS: &str = r#"
    [ring.labelled]
    current = { from = "env:NEW", kid = "2" }
    previous = [{ from = "env:OLD", kid = "1" }]
    [ring.passphrase]
    current = "env:NEW_PASSPHRASE"
    previous = ["env:OLD_PASSPHRASE"]
    [ring.rails]
    current = "env:NEW_PASSPHRASE"
    previous = ["env:RAILS_KEY"]
    [[table]]
    name = "labelled"
    keys = "labelled"
    [table.columns]
    vault-transit = { layout = "vault", key = "hex" }
    [[table]]
    name = "passphrase"
    keys = "passphrase"
    [table.columns]
    documenso-xchacha-hex = "documenso"
    [[table]]
    name = "rails"
    keys = "rails"
    [table.columns]
    rails-ar-encryption-compressed-sha256 = { layout = "rails", key = { salt_from = "env:RAILS_SALT" } }
"#;

fn own_formats(words: &str, database: &TestDatabase) -> Reseal {
    command(words, database, OWN_FORMATS)
        .env("NEW_PASSPHRASE", "a new passphrase")
        .env("OLD_PASSPHRASE", "documenso-key")
        .env("RAILS_KEY", "EGY8WhulUOXixybod7ZWwMIL68R9o5kC")
        .env("RAILS_SALT", "xEY0dt6TZcAMg52K7O84wYzkjvbA62Hz\n")
}

#[tokio::test]
async fn values_stay_in_their_format() {
    let database = TestDatabase::create().await;
    for (name, column) in [
        ("labelled", "vault-transit"),
        ("passphrase", "documenso-xchacha-hex"),
        ("rails", "rails-ar-encryption-compressed-sha256"),
    ] {
        table(&database, &[column]).await;
        database.batch(&format!("ALTER TABLE t RENAME TO {name}")).await;
    }
    own_formats("health", &database).run().await.expect(0);
    let first = own_formats("run", &database).json().run().await.expect(0).json();
    assert_eq!((&first["resealed_records"], &first["failed_records"]), (&6.into(), &0.into()));
    let again = own_formats("run", &database).json().run().await.expect(0).json();
    assert_eq!(again["resealed_records"], 0);
    for at in ["current_key", "previous_keys"] {
        assert_eq!(first[at], again[at], "a passphrase keeps its label");
    }
    own_formats("verify", &database).run().await.expect(0);
    for (name, column, begins) in [
        ("labelled", "vault-transit", "vault:v2:"),
        ("rails", "rails-ar-encryption-compressed-sha256", r#"{"p":""#),
    ] {
        database.batch(&format!("ALTER TABLE {name} RENAME TO t")).await;
        let new = stored(&database, 1, column).await;
        assert!(new.starts_with(begins) && new != vector(column), "{new}");
        assert_eq!(new.contains(r#""c":true"#), name == "rails", "what is compressed stays so");
        database.batch(&format!("ALTER TABLE t RENAME TO {name}")).await;
    }
}

#[tokio::test]
async fn values_are_brought_to_another_format() {
    let database = TestDatabase::create().await;
    let vectors =
        ["multifernet", "calcom-cbc-hex", "laravel-cbc", "rails-ar-encryption-keyref", "go-b64"];
    table(&database, &vectors).await;
    database.batch("UPDATE t SET \"calcom-cbc-hex\" = overlay(\"calcom-cbc-hex\" placing 'ffff' from 60) WHERE id = 2").await;
    let config = r#"
        [keys]
        current = { from = "env:NEW", kid = "new" }
        previous = [
            { from = "env:FERNET", kid = "fernet" },
            { from = "env:OLD", kid = "old" },
            { from = "env:CAL", kid = "cal" },
            { from = "env:RAILS", kid = "rails" },
        ]
        [[table]]
        name = "t"
        [table.columns]
        multifernet = { write = "enc-v1", aad = "t:{id}", read = ["fernet"] }
        calcom-cbc-hex = { write = "node-hex", read = [{ layout = "cal.com", key = { encoding = "hex", kid = "cal" } }] }
        laravel-cbc = { write = "enc-v1", read = [{ layout = "laravel", key = "hex" }] }
        rails-ar-encryption-keyref = { write = "enc-v1", aad = "{kid}/{id}", read = [
            { layout = "rails", key = { encoding = "hex", derive = "none" } }] }
        go-b64 = { write = "enc-v1", read = [{ layout = "go-b64" }] }
    "#;
    let run = || {
        command("run", &database, config)
            .env("FERNET", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=")
            .env("CAL", "3031323334353637383961626364656630313233343536373839616263646566")
            .env("RAILS", "fa93ae5ad24a1b6ca6552023279f39c23ee2099e98be06a905f8e58567452195")
            .json()
    };
    let refused = run().run().await.expect(1);
    assert_eq!(refused.json()["resealed_records"], 9);
    assert_eq!(lines(&failures(&database).await), ["calcom-cbc-hex 2 no_key_opens_it -"]);
    database.batch("UPDATE t SET \"calcom-cbc-hex\" = NULL WHERE id = 2").await;
    run().run().await.expect(0);
    let key = TestKey::from_hex(NEW_KEY);
    for (column, preset, aad) in [
        ("multifernet", "enc-v1", "t:1"),
        ("calcom-cbc-hex", "node-hex", ""),
        ("laravel-cbc", "enc-v1", ""),
        ("rails-ar-encryption-keyref", "enc-v1", "new/1"),
        ("go-b64", "enc-v1", ""),
    ] {
        let new = stored(&database, 1, column).await;
        let opened = open(&key, preset, aad.as_bytes(), new.as_bytes());
        assert_eq!(opened.as_deref(), Some(PLAINTEXT.as_bytes()), "{column}");
    }
}

/// Rails can make the nonce from the plaintext, so that rows are found by their ciphertext.
#[tokio::test]
async fn deterministic_values_are_refused() {
    let database = TestDatabase::create().await;
    table(&database, &["rails-ar-encryption-deterministic-sha256"]).await;
    let config = "[keys]\ncurrent = \"env:NEW\"\nprevious = [\"env:OLD_PASSPHRASE\"]\n[[table]]\nname = \"t\"\n\
        [table.columns]\nrails-ar-encryption-deterministic-sha256 = \
        { layout = \"rails\", key = { salt = \"xEY0dt6TZcAMg52K7O84wYzkjvbA62Hz\" } }";
    let run =
        command("run", &database, config).env("OLD_PASSPHRASE", "aPA5XyALhf75NNnMzaspW7akTfZp0lPY");
    let refused = run.run().await.expect(3);
    assert!(refused.stderr.contains("are deterministic"), "{}", refused.stderr);
}

/// Plain text beside ciphertext: encrypted for the first time, or none of ours.
#[tokio::test]
async fn plain_text_is_encrypted_or_left() {
    let database = TestDatabase::create().await;
    table(&database, &["go-b64"]).await;
    database.batch("UPDATE t SET \"go-b64\" = 'plain text' WHERE id = 2").await;
    let config = |unmatched: &str| {
        format!(
            "[keys]\ncurrent = \"env:NEW\"\nprevious = [\"env:OLD\"]\n[[table]]\nname = \"t\"\n[table.columns]\n\
             go-b64 = {{ layout = \"go-b64\", unmatched = \"{unmatched}\" }}"
        )
    };
    let left = command("run", &database, &config("leave")).json().run().await.expect(0).json();
    assert_eq!((&left["total_records"], &left["resealed_records"]), (&1.into(), &1.into()));
    assert_eq!(stored(&database, 2, "go-b64").await, "plain text");
    command("verify", &database, &config("encrypt")).run().await.expect(1);
    let all = command("run", &database, &config("encrypt")).json().run().await.expect(0).json();
    assert_eq!((&all["total_records"], &all["resealed_records"]), (&2.into(), &1.into()));
    let new = stored(&database, 2, "go-b64").await;
    let opened = open(&TestKey::from_hex(NEW_KEY), "go-b64", b"", new.as_bytes());
    assert_eq!(opened.as_deref(), Some(&b"plain text"[..]));
}

/// A format that no preset knows: its words alone are enough.
#[tokio::test]
async fn a_new_format_by_configuration_alone() {
    let database = TestDatabase::create().await;
    let config = |write: &str, keys: &str| {
        format!(
            "{keys}\n[[table]]\nname = \"t\"\n[table.columns]\n\
             go-b64 = {{ {write}, cipher = \"chacha20-poly1305\", aad = \"{{table}}/{{id}}/{{kid}}\", \
             key = {{ derive = \"hkdf\", hash = \"sha512\", salt = \"{{xff*4}}{{table}}\", info = \"{{column}}\" }}, \
             read = [{{ layout = \"go-b64\", cipher = \"aes-256-gcm\", aad = \"\", key = {{ derive = \"none\" }} }}] }}"
        )
    };
    table(&database, &["go-b64"]).await;
    let keys = "[keys]\ncurrent = { from = \"env:NEW\", kid = \"k9\" }\nprevious = [\"env:OLD\"]";
    let write = "write = \"mine<{kid}>{b64mime76(x0102 nonce12 ct tag16)}\"";
    command("run", &database, &config(write, keys)).run().await.expect(0);
    let new = stored(&database, 1, "go-b64").await;
    assert!(new.starts_with("mine<k9>AQ") && new.contains('\n'), "{new}");
    command("verify", &database, &config(write, keys)).run().await.expect(0);
    let others = keys.replace("k9", "k8");
    command("verify", &database, &config(write, &others)).run().await.expect(1);
}
