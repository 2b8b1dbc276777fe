//! Small bad files, one for each rule, and the good ones next to them.

use super::{File, Rule, rooms, sql};

/// How often the rule complains about a file of that name and text.
fn complaints(rule: Rule, path: &str, text: &str) -> usize {
    rule(&File { path: path.to_owned(), text: text.to_owned() }).len()
}

#[test]
fn long_files_and_functions_are_found() {
    assert_eq!(complaints(super::file_length, "src/a.rs", &"\n".repeat(300)), 0);
    assert_eq!(complaints(super::file_length, "src/a.rs", &"\n".repeat(301)), 1);
    let function = |lines: usize| {
        let body = "        work();\n".repeat(lines - 2);
        format!("impl A {{\n    pub async fn long(&self) {{\n{body}    }}\n}}\n")
    };
    assert_eq!(complaints(super::function_length, "src/a.rs", &function(70)), 0);
    assert_eq!(complaints(super::function_length, "src/a.rs", &function(71)), 1);
    let short = "fn one() {}\nfn two();\n".to_owned() + &"\n".repeat(80) + "}\n";
    assert_eq!(complaints(super::function_length, "src/a.rs", &short), 0);
}

#[test]
fn files_without_a_purpose_are_found() {
    assert_eq!(complaints(super::module_doc, "src/a.rs", "//! For this.\n"), 0);
    assert_eq!(complaints(super::module_doc, "src/a.rs", "use std::fmt;\n"), 1);
    assert_eq!(complaints(super::door_files, "src/a/mod.rs", ""), 1);
    assert_eq!(complaints(super::door_files, "src/a.rs", ""), 0);
}

#[test]
fn names_that_say_nothing_are_found() {
    for text in
        ["fn some_helper() {", "pub struct KeyManager;", "mod utils;", "const UTIL: u8 = 1;"]
    {
        assert_eq!(complaints(super::empty_names, "src/a.rs", text), 1, "{text}");
    }
    assert_eq!(complaints(super::empty_names, "src/helpers.rs", ""), 1);
    let theirs = "use deadpool_postgres::Manager;\nlet pool = Manager::new();\n// a helper\n";
    assert_eq!(complaints(super::empty_names, "src/a.rs", theirs), 0);
}

#[test]
fn rooms_that_know_too_much_are_found() {
    for (path, text) in [
        ("src/crypto.rs", "use tokio::time;"),
        ("src/crypto/key.rs", "tracing::info!(\"sealed\");"),
        ("src/crypto/key.rs", "use crate::keys::KeyRing;"),
        ("src/layout/decode.rs", "use tokio_postgres::Row;"),
        ("src/document/walk.rs", "use crate::layout::Layout;"),
        ("src/value/column.rs", "use crate::db::identifier::Identifier;"),
        ("src/plan/sample.rs", "use crate::rotate::judge;"),
        ("src/rotate/worker.rs", "use crate::report;"),
        ("src/keys/file.rs", "let sql = \"SELECT 1\";"),
        ("src/db/pool.rs", "use crate::crypto::Key;"),
        ("src/cli.rs", "use crate::config::Config;"),
    ] {
        assert_eq!(complaints(rooms::imports, path, text), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("src/rotate.rs", "use tokio::time;"),
        ("src/crypto.rs", "// what tokio does is no concern of ours"),
        ("src/crypto_of_others.rs", "use tokio::time;"),
    ] {
        assert_eq!(complaints(rooms::imports, path, text), 0, "{path}: {text}");
    }
}

#[test]
fn printing_elsewhere_is_found() {
    for text in ["println!(\"{key}\");", "eprint!(\"x\");", "writeln!(std::io::stdout(), \"x\")"] {
        assert_eq!(complaints(rooms::printing, "src/rotate.rs", text), 1, "{text}");
        assert_eq!(complaints(rooms::printing, "src/report/text.rs", text), 0, "{text}");
    }
}

#[test]
fn sql_out_of_place_is_found() {
    assert_eq!(complaints(sql::in_files, "src/a.rs", "    \"SELECT 1 \\\n     FROM t\""), 1);
    assert_eq!(complaints(sql::in_files, "src/a.rs", "    r#\"\n  SELECT 1\n\"#;"), 1);
    assert_eq!(complaints(sql::in_files, "src/a.rs", "    r#\"\n  a story\n\"#;"), 0);
    assert_eq!(complaints(sql::in_files, "src/a.rs", "query(\"SELECT 1\", &[])"), 0);
    assert_eq!(complaints(sql::purpose, "sql/a.sql", "-- One row.\nSELECT 1;\n"), 0);
    assert_eq!(complaints(sql::purpose, "sql/a.sql", "SELECT 1\n"), 1);
}

#[test]
fn writing_to_user_tables_elsewhere_is_found() {
    for text in [
        "format!(\"UPDATE {table} SET x = 1\")",
        "\"UPDATE ONLY \\\"t\\\" SET x = 1\"",
        "\"DELETE FROM {table}\"",
        "\"INSERT INTO users VALUES (1)\"",
        "render(sql::COMMIT_WRITE, &[])",
    ] {
        assert_eq!(complaints(sql::writers, "src/rotate/fetch.rs", text), 1, "{text}");
        assert_eq!(complaints(sql::writers, "src/rotate/commit.rs", text), 0, "{text}");
    }
    for text in [
        "\"UPDATE reseal.run SET state = $1\"",
        "\"SELECT 1 FROM t FOR NO KEY UPDATE SKIP LOCKED\"",
        "\"SELECT 1 FROM t FOR UPDATE {waiting}\"",
        "\"INSERT INTO reseal.failure VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 2\"",
        "\"the UPDATE privilege is missing\"",
    ] {
        assert_eq!(complaints(sql::writers, "src/plan.rs", text), 0, "{text}");
    }
    assert_eq!(complaints(sql::writers, "sql/fetch.sql", "UPDATE \"{table}\" SET x = 1;"), 1);
    assert_eq!(
        complaints(sql::writers, "sql/commit/write.sql", "UPDATE \"{table}\" SET x = 1;"),
        0
    );
    assert_eq!(complaints(sql::writers, "sql/fetch.sql", "-- no UPDATE t here"), 0);
}
