//! What each room must not know, and who may print.

use super::File;

/// A room, words that may not stand in its code, and why.
const ROOMS: &[(&str, &[&str], &str)] = &[
    ("crypto", NEITHER_DATABASE_NOR_ASYNC, "crypto is given its keys: no database, async or log"),
    ("layout", NEITHER_DATABASE_NOR_ASYNC, "layout takes bytes and gives parts, nothing else"),
    (
        "document",
        &["tokio", "tokio_postgres", "tracing", "async fn", "crate::"],
        "a document knows JSON and nothing else",
    ),
    (
        "keys",
        &[
            "tokio",
            "tokio_postgres",
            "deadpool",
            "crate::db",
            "crate::config",
            "SELECT ",
            "async fn",
        ],
        "keys knows no SQL, no async and no configuration",
    ),
    (
        "kms",
        &["tokio_postgres", "deadpool", "crate::config", "crate::keys", "crate::layout", "SELECT "],
        "kms knows key services, and neither SQL nor configuration",
    ),
    (
        "config",
        &["tokio", "crate::db", "crate::crypto", "crate::rotate"],
        "config says what is meant and does nothing",
    ),
    ("cli", &["crate::config", "crate::keys", "crate::db"], "cli is words as typed"),
    (
        "value",
        &[
            "tokio",
            "tokio_postgres",
            "deadpool",
            "async fn",
            "crate::db",
            "crate::plan",
            "crate::rotate",
        ],
        "value takes keys, a layout and bytes, and gives an outcome",
    ),
    (
        "sealed",
        &["tokio_postgres", "deadpool", "crate::config", "crate::plan", "crate::rotate", "SELECT "],
        "sealed knows services, layouts and values, and neither SQL nor a plan",
    ),
    (
        "envelope",
        &["tokio_postgres", "deadpool", "crate::config", "crate::plan", "crate::rotate", "SELECT "],
        "envelope knows services, layouts and values, and neither SQL nor a plan",
    ),
    ("db", &["crate::crypto", "crate::layout", "crate::value"], "db knows no cryptography"),
    ("plan", &["crate::rotate", "crate::report", "crate::ops"], "a plan knows nothing of its run"),
    (
        "scan",
        &["crate::plan", "crate::rotate", "crate::report", "crate::ops"],
        "a search knows nothing of plans, runs and reports",
    ),
    (
        "rotate",
        &["crate::report", "crate::ops", "axum", "reqwest"],
        "what happened is in the ledger, not printed and not served",
    ),
    (
        "telemetry",
        &["crate::db", "crate::ops", "axum", "reqwest"],
        "telemetry counts and logs: no ledger, no HTTP",
    ),
    ("ops/serve", &["axum", "reqwest"], "the desk is asked by whoever speaks HTTP"),
    (
        "ops/listen",
        &["crate::db", "crate::rotate", "crate::plan"],
        "it answers what the desk knows",
    ),
];

const NEITHER_DATABASE_NOR_ASYNC: &[&str] = &[
    "tokio",
    "tokio_postgres",
    "deadpool",
    "tracing",
    "async fn",
    "crate::keys",
    "crate::db",
    "crate::config",
];

pub fn imports(file: &File) -> Vec<String> {
    let rooms = ROOMS.iter().filter(|(room, _, _)| file.is_in(room));
    let complaints = rooms.flat_map(|(_, words, why)| {
        file.code().filter_map(move |(number, line)| {
            let word = words.iter().find(|word| has_word(line, word))?;
            Some(file.complaint(number, &format!("{word}: {why}")))
        })
    });
    complaints.collect()
}

/// Who prints: results and troubles, help, and the demo's story. Telemetry writes log lines.
const PRINTING_ROOMS: &[&str] = &["report", "cli", "main", "demo", "telemetry"];

pub fn printing(file: &File) -> Vec<String> {
    const PRINTING: &[&str] =
        &["println!", "eprintln!", "print!", "eprint!", "stdout()", "stderr()"];
    let may_print =
        !file.path.starts_with("src/") || PRINTING_ROOMS.iter().any(|room| file.is_in(room));
    if may_print {
        return Vec::new();
    }
    let lines = file.code().filter(|(_, line)| PRINTING.iter().any(|word| has_word(line, word)));
    lines.map(|(number, _)| file.complaint(number, "printing belongs to report.rs")).collect()
}

/// `word` in the line, not as the end of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let goes_on = |c: char| c.is_alphanumeric() || c == '_';
        !before.is_some_and(goes_on)
            && (word.ends_with(|c: char| !c.is_alphanumeric()) || !after.is_some_and(goes_on))
    })
}
