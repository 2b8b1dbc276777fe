//! Columns that look like pieces of one value: told with the line that a configuration wants, and no others.

use serde_json::{Value, json};

use super::Site;
use super::support::StoredParts;

fn pieces(report: &Value) -> Vec<Value> {
    report["pieces"].as_array().expect("a list").clone()
}

/// As applications name them, and with what would be no nonce beside them.
#[tokio::test]
async fn a_ciphertext_with_its_nonce_beside_it_is_told() {
    let site = Site::new().await;
    let tables = "
        CREATE TABLE a (id bigint PRIMARY KEY, secret_encrypted text, secret_iv text, secret_tag text, name text);
        CREATE TABLE b (id bigint PRIMARY KEY, encrypted_ssn bytea, encrypted_ssn_iv bytea, encrypted_ssn_salt bytea);
        CREATE TABLE c (id bigint PRIMARY KEY, ciphertext text, nonce text, auth_tag text, tag text);
        CREATE TABLE d (id bigint PRIMARY KEY, archiv text, salt text, password_hash text, tag text, nonce text);
        CREATE TABLE e (id bigint PRIMARY KEY, body json, body_iv json, secret text, iv_drip text)";
    site.database.batch(tables).await;
    let report = site.command("scan").json().run().await.expect(0).json();
    let expected = [
        json!({"table": "public.a", "column": "secret_encrypted", "beside": ["secret_iv", "secret_tag"],
               "line": "secret_encrypted = { layout = \"{hex(ct)}\", \
                        beside = { secret_iv = \"{hex(nonce12)}\", secret_tag = \"{hex(tag16)}\" } }"}),
        json!({"table": "public.b", "column": "encrypted_ssn", "beside": ["encrypted_ssn_iv", "encrypted_ssn_salt"],
               "line": "encrypted_ssn = { layout = \"{raw(ct tag16)}\", \
                        beside = { encrypted_ssn_iv = \"{raw(nonce12)}\" } }"}),
        json!({"table": "public.c", "column": "ciphertext", "beside": ["nonce", "auth_tag"],
               "line": "ciphertext = { layout = \"{hex(ct)}\", \
                        beside = { nonce = \"{hex(nonce12)}\", auth_tag = \"{hex(tag16)}\" } }"}),
    ];
    assert_eq!(pieces(&report), expected);
    let text = site.command("scan").run().await.expect(0).stdout;
    let told = "public.a.secret_encrypted and secret_iv, secret_tag look like pieces of one value";
    assert!(text.contains(told), "{text}");
}

/// The line runs as it is told, and once it is configured nothing more is said.
#[tokio::test]
async fn the_line_runs_as_it_is() {
    let site = Site::new().await;
    let table = "CREATE TABLE t (id bigint PRIMARY KEY, secret_enc text, secret_nonce bytea, secret_tag bytea)";
    site.database.batch(table).await;
    let client = site.database.client().await;
    for id in 1..=9_i64 {
        let parts = StoredParts::seal(&site.old, 12, b"", &[7; 40]);
        let body = data_encoding::BASE64.encode(&parts.ciphertext);
        let insert = "INSERT INTO t VALUES ($1, $2, $3, $4)";
        client.execute(insert, &[&id, &body, &parts.nonce, &parts.tag]).await.expect("a row");
    }
    let report = site.command("scan").json().run().await.expect(0).json();
    let line = pieces(&report)[0]["line"].as_str().expect("a line").to_owned();
    let config = format!("[[table]]\nname = \"t\"\n[table.columns]\n{line}\n");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    std::fs::write(&path, &config).expect("a file");
    let run = site.command("run --config").arg(&path).json().run().await.expect(0).json();
    assert_eq!(run["resealed_records"], 9, "{line}");
    let report = site.command("scan --against").arg(&path).json().run().await.expect(0).json();
    assert_eq!(pieces(&report), Vec::<Value>::new());
}
