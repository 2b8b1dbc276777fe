//! What is said about bad words: what, where and how to mend it.

use super::{KEY, troubles};

#[test]
fn all_troubles_of_a_command_are_reported_at_once() {
    let said = troubles("run --workers 0 --lease 0s --page-bytes-max 1 -c t", &[], "");
    assert_eq!(
        said,
        [
            "a column is named with its table: TABLE.COLUMN @ --column \
             / write [SCHEMA.]TABLE.COLUMN[:LAYOUT], names as in SQL",
            "workers is a whole number from 1 to 64 @ --workers / ",
            "page_bytes_max is a number of bytes from 1KiB to 256MiB @ --page-bytes-max / ",
            "lease is a duration from 1s to 1h, such as 90s or 5m @ --lease / ",
        ]
    );
}

/// One trouble each: the file, and what is said of it by `run -c t.c`.
const BAD_FILES: &[(&str, &str)] = &[
    ("[run]\nworker = 2", "unknown key `worker` @ 2, [run] / did you mean `workers`?"),
    ("[rum]", "unknown key `rum` @ 1 / did you mean `run`?"),
    ("[database]\nzzz = 1", "unknown key `zzz` @ 2, [database] / known here: url, max_connections"),
    (
        "[run]\nworkers = \"2\"",
        "this should be a decimal number without quotes, not text @ 2, [run] workers / ",
    ),
    ("[run]\nmax_wait = 5", "this should be text in quotes, not a number @ 2, [run] max_wait / "),
    ("[run]\nrollback = 1", "this should be true or false, not a number @ 2, [run] rollback / "),
    ("[run]\nworkers = 65", "workers is a whole number from 1 to 64 @ 2, [run] workers / "),
    ("keys = 1", "this should be a table, not a number @ 1, keys / "),
    (
        "[keys]\nprevious = \"env:A\"",
        "this should be a list in brackets, not text @ 2, [keys] previous / ",
    ),
    (
        "[keys]\ncurrent = { kid = \"4\" }",
        "a key has no source @ 2, [keys] current \
         / from = \"env:NAME\" or \"file:PATH\", or keyset = \"file:PATH\"",
    ),
    (
        "[ring.keys]\ncurrent = \"env:A\"",
        "the ring keys is the default one @ 1, [ring] keys / write [keys]",
    ),
    ("[ring.b]", "the ring b has no current key @ 1, [ring.b] / current = \"file:PATH\""),
    (
        "[database]\nmax_connections = 1",
        "max_connections is a whole number from 2 to 100 @ 2, [database] max_connections / ",
    ),
    (
        "[database]\nurl = \"postgres://app:s3cret@db/app\"",
        "the database's URL is named, never written here @ 2, [database] url \
         / url = \"env:DATABASE_URL\" or \"file:PATH\"",
    ),
    (
        "[database]\nurl = \"env:MISSING\"",
        "the variable MISSING is not set @ 2, [database] url \
         / set it to the database's URL, or leave url out and set the PG* variables",
    ),
    (
        "[run]\nworkers = 4",
        "4 connections are too few for workers = 4 @ max_connections \
         / allow 5 (DB_MAX_CONNS), or use fewer workers",
    ),
];

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    for (file, expected) in BAD_FILES {
        assert_eq!(troubles("run -c t.c", &[], file), [*expected], "{file}");
    }
}

/// The same of tables, by `run` alone.
const BAD_TABLES: &[(&str, &str)] = &[
    (
        "",
        "no column is named @  \
         / name one with --column [SCHEMA.]TABLE.COLUMN, or [[table]] in reseal.toml",
    ),
    (
        "[[table]]\nname = \"t\"",
        "the table has no column to reseal @ 2, [[table]] name \
         / add [table.columns] with NAME = \"LAYOUT\"",
    ),
    (
        "[[table]]\ncolumns = { c = \"go\" }",
        "a table has no name @ 1, [[table]] / name = \"public.orders\"",
    ),
    (
        "[[table]]\nname = \"a b\"\ncolumns = { c = \"go\" }",
        "this is not a name of SQL: put double quotes around an odd one @ 2, [[table]] name / ",
    ),
    (
        "[[table]]\nname = \"t\"\nkeys = \"biling\"\ncolumns = { c = \"go\" }\n\
         [ring.billing]\ncurrent = \"env:A\"",
        "no one defines this key ring @ 3, [[table]] keys / did you mean `billing`?",
    ),
    (
        "[[table]]\nname = \"T\"\ncolumns = { c = \"go\" }\n\
         [[table]]\nname = '\"t\"'\ncolumns = { c = \"go\" }",
        "the table \"t\" is named twice @ 5, [[table]] name \
         / put all its columns under one [[table]]",
    ),
    (
        "[[table]]\nname = \"t\"\nversion = \"c\"\ncolumns = { c = \"go\" }",
        "the version column is one of the columns to reseal @ 3, [[table]] version / ",
    ),
    (
        "[[table]]\nname = \"t\"\n[table.columns]\nc = { layout = \"go\", write = \"go\" }",
        "layout, kms and write say the same thing @ 4, [table.columns] c write / keep one of them",
    ),
    (
        "[[table]]\nname = \"t\"\n[table.columns]\nc = { aad = \"{id}\" }",
        "read and settings need the layout to write @ 4, [table.columns] c / add layout = \"…\"",
    ),
    (
        "[[table]]\nname = \"t\"\n[table.columns]\nc = { layuot = \"go\" }",
        "unknown key `layuot` @ 4, [table.columns] c / did you mean `layout`?",
    ),
    (
        "[[table]]\nname = \"t\"\n[table.columns]\nc = \"{raw(nonce12 ct tag12)}\"",
        "tag12 is only read, values are written with tag16 @ 4, [table.columns] c \
         / name this template under `read`, and one with tag16 under `write`",
    ),
];

#[test]
fn what_is_wrong_with_a_table_is_said_with_its_line() {
    for (file, expected) in BAD_TABLES {
        assert_eq!(troubles("run", &[], file), [*expected], "{file}");
    }
}

#[test]
fn a_syntax_error_names_its_line_and_quotes_nothing() {
    let said = troubles("run", &[], &format!("[keys]\ncurrent = {KEY}"));
    assert!(said[0].starts_with("this is not TOML: ") && said[0].contains(" @ 2 / "), "{said:?}");
    let twice = "[[table]]\nname = \"t\"\n[table.columns]\nc = \"go\"\nc = \"go\"";
    assert!(troubles("run", &[], twice)[0].contains(" @ 5 / "));
}

#[test]
fn a_key_in_place_of_its_source_is_refused_and_not_repeated() {
    for option in ["--current", "--previous"] {
        let said = troubles(&format!("run -c t.c {option} {KEY}"), &[], "");
        assert!(said[0].starts_with("a key source is `env:NAME` or `file:PATH`"), "{said:?}");
    }
    let said = troubles("health", &[], &format!("[keys]\ncurrent = \"{KEY}\""));
    assert!(said[0].contains(" @ 2, [keys] current / "), "{said:?}");
}

#[test]
fn names_of_columns_are_checked_too() {
    let said = troubles("run -c t.c -c T.\"c\":go", &[], "");
    assert_eq!(said, ["the column is named twice @ --column T.c / "]);
    let said = troubles("run -c t.c*", &[], "");
    assert!(said[0].starts_with("a column is one name, without a * @ --column"), "{said:?}");
}

#[test]
fn a_token_is_short_and_visible() {
    for token in ["two words", &"x".repeat(101)] {
        let said = troubles("run -c t.c", &[("RESEAL_RUN_TOKEN", token)], "");
        assert!(said[0].contains("1 to 100 visible ASCII characters"), "{said:?}");
    }
}
