//! The whole of it: a database of many tables, a few columns of which are encrypted, and the configuration that
//! is written runs as it is. `RESEAL_SCAN_ROWS=100000` makes the tables larger; with `--nocapture` the search says
//! how long it took.

use std::fs;
use std::time::Instant;

use super::support::{Reseal, TestKey};
use super::{Site, places, sealed};

const TABLES: usize = 50;
/// Rows of each table, and as many of them as a sample has at most.
const ROWS: usize = 20;
const SAMPLE_ROWS: usize = 500;
/// Eight columns beside the id.
const PLAIN: &[(&str, &str, &str)] = &[
    ("name", "text", "'customer number ' || n"),
    ("email", "varchar(200)", "'person' || n || '@example.org'"),
    ("note", "text", "repeat('a longer remark with several words in it, ', 1 + n % 5)"),
    ("reference", "text", "md5(n::text)"),
    ("digest", "bytea", "sha256(n::text::bytea)"),
    ("uid", "text", "gen_random_uuid()::text"),
    ("city", "char(20)", "'Wien'"),
    ("path", "text", "'/var/lib/application/files/' || n || '/document.pdf'"),
];

/// Twelve columns in nine formats: table, column, type and preset.
const ENCRYPTED: &[(usize, &str, &str, &str)] = &[
    (3, "secret", "bytea", "go"),
    (7, "secret", "text", "go-b64"),
    (7, "token", "text", "enc-v1"),
    (12, "api_key", "text", "node-hex"),
    (18, "secret", "varchar(500)", "go-hex"),
    (21, "iban_ciphertext", "text", "lockbox"),
    (25, "secret", "text", "node-hex"),
    (30, "password", "text", "secretbox-b64"),
    (33, "document", "text", "documenso"),
    (38, "value", "bytea", "go"),
    (44, "credential", "text", "litellm-v3"),
    (49, "secret", "text", "enc-v1"),
];

fn rows() -> usize {
    let said = std::env::var("RESEAL_SCAN_ROWS");
    said.map_or(ROWS, |rows| rows.parse().expect("a number of rows"))
}

async fn fill(site: &Site, rows: usize) {
    let mut statements = String::new();
    for table in 0..TABLES {
        let columns: Vec<String> =
            PLAIN.iter().map(|(name, type_of, _)| format!("{name} {type_of}")).collect();
        let values: Vec<&str> = PLAIN.iter().map(|(_, _, value)| *value).collect();
        statements.push_str(&format!(
            "CREATE TABLE t{table:02} (id bigint PRIMARY KEY, {});
             INSERT INTO t{table:02} SELECT n, {} FROM generate_series(1, {rows}) AS n;",
            columns.join(", "),
            values.join(", ")
        ));
    }
    for (table, column, type_of, _) in ENCRYPTED {
        statements.push_str(&format!("ALTER TABLE t{table:02} ADD {column} {type_of};"));
    }
    site.database.batch(&statements).await;
    let client = site.database.client().await;
    for (table, column, type_of, preset) in ENCRYPTED {
        let name = format!("t{table:02}");
        let values = sealed::values(&site.old, preset, &name, column, rows);
        let value = if *type_of == "bytea" { "v" } else { "convert_from(v, 'UTF8')" };
        let update = format!(
            "UPDATE {name} SET {column} = {value}
             FROM unnest($1::bytea[]) WITH ORDINALITY AS x (v, n) WHERE id = n"
        );
        client.execute(&update, &[&values]).await.expect("values");
    }
}

#[tokio::test]
async fn twelve_columns_among_four_hundred_are_found_and_their_configuration_runs() {
    let (site, rows) = (Site::new().await, rows());
    fill(&site, rows).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    let begin = Instant::now();
    let scan = site.command("scan --write").arg(&path).json().run().await.expect(0);
    let took = begin.elapsed();
    let report = scan.json();
    assert_eq!((&report["tables"], &report["status"]), (&TABLES.into(), &"found".into()));
    assert_eq!(report["columns"], TABLES * PLAIN.len() + ENCRYPTED.len());
    let expected: Vec<String> = ENCRYPTED
        .iter()
        .map(|(table, column, ..)| format!("public.t{table:02}.{column}"))
        .collect();
    assert_eq!(places(&report, "found"), expected);
    for ((.., preset), found) in ENCRYPTED.iter().zip(report["found"].as_array().expect("a list")) {
        assert_eq!(found["layouts"][0]["layout"], *preset, "{found}");
        assert_eq!(found["share"], 1.0, "{found}");
        assert!(rows > SAMPLE_ROWS || found["values"] == rows, "{found}");
        assert_eq!(found["keys"][0]["source"], "env:ENCRYPTION_KEY_PREVIOUS");
    }
    println!("a search of {} columns, {rows} rows a table, took {took:.2?}", report["columns"]);
    expect_nothing_shown(&scan.printed(), &[&site.old, &site.new]);
    let text = fs::read_to_string(&path).expect("the file that was written");
    assert_eq!(report["configuration"], text);

    let run = site.command("run --config").arg(&path).json().run().await.expect(0).json();
    assert_eq!(run["resealed_records"], rows * ENCRYPTED.len());
    let verify = Reseal::new("verify --config").arg(&path).on(&site.database);
    verify.current_key(&site.new).run().await.expect(0);
    let covered = site.command("scan --against").arg(&path).json().run().await.expect(0).json();
    assert_eq!(covered["status"], "covered");
    assert_eq!(covered["found"][0]["keys"][0]["source"], "env:ENCRYPTION_KEY");
}

/// Neither keys nor anything of a value.
fn expect_nothing_shown(printed: &str, keys: &[&TestKey]) {
    for key in keys {
        assert!(!printed.contains(&key.hex()), "a key was printed");
    }
    for word in ["enc:v1:", "v3:gcm:", "customer number", "secret 1", "@example.org"] {
        assert!(!printed.contains(word), "{word} was printed");
    }
}
