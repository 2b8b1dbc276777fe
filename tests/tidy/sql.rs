//! Where SQL stands, and which of it may change a user's tables.

use super::File;

/// The ledger's schema: our own tables, which every room of the run may change.
const LEDGER: &str = "reseal.";

/// The only room that writes to a user's tables; the demo's tables are its own.
const WRITERS: &[&str] = &["rotate/commit", "demo"];

/// SQL of more than one line lives in `sql/*.sql`.
pub fn in_files(file: &File) -> Vec<String> {
    const STATEMENTS: &[&str] =
        &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP"];
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let is_statement =
        |text: &str| STATEMENTS.iter().any(|word| text.trim_start().starts_with(word));
    let mut goes_on_below = false;
    let mut opens = |line: &str| {
        let opened_above = std::mem::take(&mut goes_on_below) && is_statement(line);
        let is_open = line.replace("\\\"", "").matches('"').count() % 2 == 1;
        let text = line.split('"').next_back().unwrap_or_default();
        goes_on_below = is_open && matches!(text.trim(), "" | "\\");
        opened_above || is_open && is_statement(text)
    };
    let lines = file.code().filter(|(_, line)| opens(line));
    lines.map(|(number, _)| file.complaint(number, "SQL of several lines lives in sql/")).collect()
}

/// Only `rotate/commit` writes to user tables: in its own code, or through the statements of
/// `sql/commit/`, which `db/sql.rs` declares as `COMMIT_…` and only it may name.
pub fn writers(file: &File) -> Vec<String> {
    let is_writer = WRITERS.iter().any(|room| file.is_in(room))
        || file.path.starts_with("sql/commit/")
        || file.path.starts_with("sql/demo/");
    let is_ours = file.path.starts_with("src/") || file.path.starts_with("sql/");
    if is_writer || !is_ours {
        return Vec::new();
    }
    let declares = file.path == "src/db/sql.rs";
    let wrong = |line: &str| writes_to_others(line) || line.contains("COMMIT_") && !declares;
    let lines = file.code().filter(|(_, line)| wrong(line));
    let what = "only rotate/commit writes to user tables";
    lines.map(|(number, _)| file.complaint(number, what)).collect()
}

/// `UPDATE x`, `INSERT INTO x`, `DELETE FROM x`, `MERGE INTO x`, `TRUNCATE x` of a table outside the
/// ledger; `FOR UPDATE`, `DO UPDATE` and `ON UPDATE` write nothing themselves.
fn writes_to_others(line: &str) -> bool {
    const VERBS: &[&str] = &["UPDATE ", "INSERT INTO ", "DELETE FROM ", "MERGE INTO ", "TRUNCATE "];
    VERBS.iter().any(|verb| {
        line.match_indices(verb).any(|(at, _)| {
            let before = line[..at].trim_end().rsplit([' ', '"', '(']).next().unwrap_or_default();
            let target = line[at + verb.len()..].trim_start();
            let target = target.strip_prefix("ONLY ").unwrap_or(target);
            let names_a_table = target.starts_with(['{', '"', '$', '\\'])
                || target.starts_with(|c: char| c.is_ascii_lowercase());
            let is_prose = before.contains(|c: char| c.is_ascii_lowercase());
            !is_prose
                && !matches!(
                    before,
                    "FOR" | "KEY" | "DO" | "ON" | "OR" | "BEFORE" | "AFTER" | "GRANT"
                )
                && names_a_table
                && !target.starts_with(LEDGER)
        })
    })
}

/// A file of SQL says in a comment what it is for.
pub fn purpose(file: &File) -> Vec<String> {
    if !file.path.ends_with(".sql") || file.text.starts_with("--") {
        return Vec::new();
    }
    vec![file.complaint(1, "a file of SQL opens with a comment: what it is for")]
}
