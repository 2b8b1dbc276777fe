//! What is found in one column, and what is said of it.

use std::fs;

use serde_json::Value;

use super::support::{Reseal, TestKey, seal};
use super::{Site, places, sealed};

#[tokio::test]
async fn shares_are_told_for_each_key() {
    let site = Site::new().await;
    let mut values = sealed::values(&site.old, "enc-v1", "t", "v", 6);
    values.extend(sealed::values(&site.new, "enc-v1", "t", "v", 2));
    values.extend(sealed::values(&TestKey::random(), "enc-v1", "t", "v", 1));
    values.push(b"as it was before".to_vec());
    site.table("t", "v", "text", &values).await;
    let report = site.command("scan").json().run().await.expect(0).json();
    let found = &report["found"][0];
    assert_eq!((&found["values"], &found["authenticated"]), (&10.into(), &8.into()));
    assert_eq!((&found["no_key"], &found["plain"]), (&1.into(), &1.into()));
    assert_eq!(found["keys"][0]["source"], "env:ENCRYPTION_KEY");
    assert_eq!(found["keys"][0]["share"], 0.2);
    assert_eq!(found["keys"][1]["source"], "env:ENCRYPTION_KEY_PREVIOUS");
    assert_eq!(found["keys"][1]["share"], 0.6);
    let text = site.command("scan").run().await.expect(0).stdout;
    let words = ["public.t.v (text): enc-v1; 8 of 10", "opens 60.0 %", "unmatched = \"leave\""];
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// A column that was migrated half-way, and one with plain text between: both run as they are written.
#[tokio::test]
async fn several_layouts_and_plain_text_in_one_column() {
    let site = Site::new().await;
    let mut values = sealed::values(&site.old, "fernet", "t", "v", 3);
    values.extend(sealed::values(&site.new, "enc-v1", "t", "v", 2));
    values.push("nie verschlüsselt".as_bytes().to_vec());
    site.table("t", "v", "text", &values).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    let report = site.command("scan --write").arg(&path).json().run().await.expect(0).json();
    let layouts = report["found"][0]["layouts"].as_array().expect("a list").clone();
    assert_eq!(layouts[0]["layout"], "enc-v1", "what the current key has is written");
    assert_eq!(layouts[1]["description"], "fernet, key in hex");
    let run = site.command("run --config").arg(&path).json().run().await.expect(0).json();
    assert_eq!(run["resealed_records"], 3);
    assert_eq!(run["failed_records"], 0);
}

#[tokio::test]
async fn values_that_are_bound_to_their_row() {
    let site = Site::new().await;
    let create =
        "CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id text, body bytea, title text)";
    site.database.batch(create).await;
    let client = site.database.client().await;
    for id in 1..=9_i64 {
        let tenant = format!("tenant {}", id % 3);
        let body = seal(&site.old, "go", tenant.as_bytes(), b"a body");
        let title = seal(&site.old, "go-b64", format!("notes.title:{id}").as_bytes(), b"a title");
        let title = String::from_utf8(title).expect("base64");
        let insert = "INSERT INTO notes VALUES ($1, $2, $3, $4)";
        client.execute(insert, &[&id, &tenant, &body, &title]).await.expect("a row");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    let report = site.command("scan --write").arg(&path).json().run().await.expect(0).json();
    assert_eq!(places(&report, "found"), ["public.notes.body", "public.notes.title"]);
    let aad = |n: usize| report["found"][n]["layouts"][0]["aad"].clone();
    assert_eq!((aad(0), aad(1)), ("{tenant_id}".into(), "{table}.{column}:{id}".into()));
    let run = site.command("run --config").arg(&path).json().run().await.expect(0).json();
    assert_eq!(run["resealed_records"], 18);
}

#[tokio::test]
async fn what_no_key_opens_only_looks_like_ciphertext() {
    let site = Site::new().await;
    let stranger = TestKey::random();
    for (table, preset) in
        [("strange_go", "go"), ("strange_node", "node-hex"), ("strange_b64", "go-b64")]
    {
        let type_of = if preset == "go" { "bytea" } else { "text" };
        let values: Vec<Vec<u8>> =
            (0..9_u8).map(|n| seal(&stranger, preset, b"", &[n; 20])).collect();
        site.table(table, "v", type_of, &values).await;
    }
    site.database
        .batch(
            "CREATE TABLE plain (id int PRIMARY KEY, random text, words text);
             INSERT INTO plain SELECT n,
                 encode(sha256(n::text::bytea) || sha256((-n)::text::bytea), 'base64'),
                 'words that everybody reads ' || n
             FROM generate_series(1, 9) AS n",
        )
        .await;
    let report = site.command("scan").json().run().await.expect(0).json();
    assert_eq!(report["status"], "nothing_found");
    assert_eq!(report["configuration"], Value::Null);
    let expected = [
        "public.plain.random",
        "public.strange_b64.v",
        "public.strange_go.v",
        "public.strange_node.v",
    ];
    assert_eq!(places(&report, "looks_like"), expected);
    let how = |n: usize| report["looks_like"][n]["how"].as_str().expect("text").to_owned();
    assert!(how(0).contains("random bytes in base64, 64 in each value"), "{}", how(0));
    assert!(how(3).contains("node-hex"), "{}", how(3));
}

/// Nothing authenticates them, so that what a key opens is plausible and never certain.
#[tokio::test]
async fn what_nothing_authenticates_is_never_certain() {
    let site = Site::new().await;
    let vector = include_str!("../vectors/calcom-cbc-hex.json");
    let vector: Value = serde_json::from_str(vector).expect("JSON");
    let stored = vector["stored"].as_str().expect("text").as_bytes().to_vec();
    site.table("t", "v", "text", &vec![stored; 5]).await;
    let key = vector["key"].as_str().expect("text");
    let scan = Reseal::new("scan").on(&site.database).env("ENCRYPTION_KEY", key);
    let report = scan.json().run().await.expect(0).json();
    assert_eq!(places(&report, "found"), [""; 0]);
    let how = report["looks_like"][0]["how"].as_str().expect("text");
    assert!(
        how.contains("env:ENCRYPTION_KEY opens 5") && how.contains("nothing authenticates"),
        "{how}"
    );
}

/// Presets that want a salt of the application are tried with those that are given.
#[tokio::test]
async fn a_salt_of_the_application() {
    let site = Site::new().await;
    let vector = include_str!("../vectors/rails-ar-encryption-sha256.json");
    let vector: Value = serde_json::from_str(vector).expect("JSON");
    let stored = vector["stored"].as_str().expect("text").as_bytes().to_vec();
    site.table("t", "v", "text", &vec![stored; 3]).await;
    let source = &vector["key_source"];
    let password = source["password"].as_str().expect("text");
    let scan = |words: &str| {
        let scan = Reseal::new(words).on(&site.database).env("ENCRYPTION_KEY", password).json();
        scan.env("SALT", "xEY0dt6TZcAMg52K7O84wYzkjvbA62Hz")
    };
    let without = scan("scan").run().await.expect(0).json();
    assert_eq!(without["status"], "nothing_found");
    assert_eq!(places(&without, "looks_like"), ["public.t.v"]);
    let how = without["looks_like"][0]["how"].as_str().expect("text");
    assert!(how.contains("the shape of rails") && how.contains("name it with --salt"), "{how}");
    let with = scan("scan --salt env:SALT").run().await.expect(0).json();
    assert_eq!(with["found"][0]["layouts"][0]["layout"], "rails");
    let text = with["configuration"].as_str().expect("text");
    assert!(text.contains("key = { salt_from = \"env:SALT\" }"), "{text}");
}

/// Rings of their own need no default key beside them.
#[tokio::test]
async fn with_rings_that_have_names() {
    let site = Site::new().await;
    site.table("t", "v", "bytea", &[seal(&site.old, "go", b"", b"a value")]).await;
    let rings = "[ring.billing]\ncurrent = \"env:NEW\"\nprevious = [\"env:OLD\"]\n";
    let scan = Reseal::new("scan").on(&site.database).config(rings).json();
    let scan = scan.env("NEW", site.new.hex()).env("OLD", site.old.hex());
    let report = scan.run().await.expect(0).json();
    assert_eq!(report["found"][0]["ring"], "billing");
}

/// What the current key cannot write is left out of the configuration, with the reason.
#[tokio::test]
async fn what_cannot_be_written_is_a_comment() {
    let site = Site::new().await;
    let values: Vec<Vec<u8>> = (0..5)
        .map(|n| [b"vault:v3:".as_slice(), &seal(&site.old, "go-b64", b"", &[n; 9])].concat())
        .collect();
    site.table("t", "v", "text", &values).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    let report = site.command("scan --write").arg(&path).json().run().await.expect(0).json();
    assert_eq!(report["found"][0]["layouts"][0]["layout"], "vault");
    let text = fs::read_to_string(&path).expect("the file");
    assert!(text.contains("# left out:") && text.contains("label"), "{text}");
    assert!(!text.contains("\n[[table]]"), "{text}");
}
