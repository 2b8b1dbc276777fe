//! Words as meant: good files, precedence, and what is said about bad ones.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails may say so by a panic")]

use std::time::Duration;

use reseal::cli;
use reseal::config::{Command, Config, Environment, NamePattern};
use reseal::error::{Error, ExitCode, Result};
use reseal::keys::KeySource;

#[path = "config/refused.rs"]
mod refused;
#[path = "config/serve.rs"]
mod serve;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

/// What `reseal ARGUMENTS` means beside a file of that text.
fn resolve(arguments: &str, variables: &[(&str, &str)], file: &str) -> Result<Command> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("reseal.toml");
    std::fs::write(&path, file).expect("a file to write");
    let arguments = ["reseal"].into_iter().chain(arguments.split_whitespace());
    let path = path.into_os_string();
    let arguments = arguments.map(Into::into).chain(["--config".into(), path]);
    let words = cli::parse(arguments)?.expect("neither help nor version was asked for");
    Command::resolve(words, &Environment::of_pairs(variables))
}

fn run(arguments: &str, variables: &[(&str, &str)], file: &str) -> Config {
    match resolve(&format!("run {arguments}"), variables, file) {
        Ok(Command::Run(command)) => command.config,
        other => panic!("{other:?}"),
    }
}

/// What is wrong, as `what @ line, where / hint`, the file's name left out.
fn troubles(arguments: &str, variables: &[(&str, &str)], file: &str) -> Vec<String> {
    let error = resolve(arguments, variables, file).expect_err("something is wrong with it");
    assert_eq!(error.exit_code, ExitCode::Usage);
    let others = error.others.clone();
    let said = std::iter::once(error).chain(others).map(|error: Error| {
        let place = error.place.unwrap_or_default();
        let place = place.rsplit_once("reseal.toml:").map_or(place.as_str(), |(_, line)| line);
        format!("{} @ {place} / {}", error.what, error.hint.unwrap_or_default())
    });
    let said: Vec<String> = said.collect();
    assert!(said.iter().all(|text| !text.contains(KEY)), "{said:?}");
    said
}

const WHOLE: &str = r#"
[keys]
current  = "file:/run/secrets/new"
previous = ["env:OLD", "file:/run/secrets/older"]

[ring.billing]
current  = "file:/run/secrets/billing"

[database]
url = "env:DATABASE"
max_connections = 7

[[table]]
name    = "public.pipeline_secrets"
version = "lock_version"
[table.columns]
secret  = { layout = "enc:v1:{b64(nonce12 ct tag16)}", aad = "{pipeline_id}" }

[[table]]
name = 'tenant_*."Identity Traits"'
keys = "billing"
[table.columns]
value   = "go"
token   = { write = "go", read = ["node-hex"] }
other   = {}

[run]
workers = 3
page_bytes_max = "1MiB"
max_wait = "2h"
allow_unreadable = true
"#;

#[test]
fn a_whole_file_is_understood() {
    let config = run("", &[("DATABASE", "postgres://app:s3cret@db/app")], WHOLE);
    assert_eq!(config.rings["keys"].current, KeySource::File("/run/secrets/new".into()).into());
    assert_eq!(config.rings["keys"].previous.len(), 2);
    assert!(config.rings["billing"].previous.is_empty());
    let url = config.database.url.as_ref().map(|url| url.reveal());
    assert_eq!(url, Some("postgres://app:s3cret@db/app"));
    assert_eq!(config.database.max_connections, 7);

    let [secrets, traits] = config.tables.as_slice() else { panic!("{:?}", config.tables) };
    assert_eq!(secrets.version.as_deref(), Some("lock_version"));
    assert_eq!((secrets.ring.as_str(), traits.ring.as_str()), ("keys", "billing"));
    let layout = secrets.columns[0].layout.as_ref().expect("it is given");
    assert_eq!(layout.aad_columns(), ["pipeline_id"]);
    assert_eq!(traits.name.table, NamePattern::Exact("Identity Traits".to_owned()));
    assert!(traits.name.schema.as_ref().is_some_and(NamePattern::is_wildcard));
    let names: Vec<&str> = traits.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["other", "token", "value"]);
    assert!(traits.columns[0].layout.is_none());
    assert_eq!(traits.columns[1].layout.as_ref().map(|layout| layout.read().len()), Some(1));

    assert_eq!((config.run.workers, config.run.page_bytes_max), (3, 1 << 20));
    assert_eq!(config.run.max_wait, Duration::from_secs(7200));
    assert!(config.run.allow_unreadable && !config.run.rollback);
}

#[test]
fn without_a_file_there_are_defaults() {
    let config = run("-c public.t.secret:go -c T.Other -c u.value", &[], "");
    assert_eq!(config.rings.len(), 1);
    assert_eq!(config.rings["keys"].current.from.to_string(), "env:ENCRYPTION_KEY");
    assert_eq!(config.rings["keys"].previous[0].from.to_string(), "env:ENCRYPTION_KEY_PREVIOUS");
    assert!(config.database.url.is_none(), "the PG* variables say where the database is");
    assert_eq!(config.database.max_connections, 4);
    let tables: Vec<String> = config.tables.iter().map(|table| table.name.to_string()).collect();
    assert_eq!(tables, ["public.t", "T", "u"]);
    assert_eq!(config.tables[1].columns[0].name, "other");
    let run = &config.run;
    assert_eq!((run.workers, run.max_passes, run.max_failures), (2, 10, 1_000));
    assert_eq!((run.page_rows_max, run.page_bytes_max), (5_000, 2 << 20));
    assert_eq!((run.value_bytes_max, run.other_seals, run.rows_per_second), (32 << 20, 0, 0));
    assert_eq!(run.max_wait, Duration::from_secs(300));
    assert_eq!(run.retry_for, Duration::from_secs(60));
    assert_eq!(run.lease, Duration::from_secs(15));
    assert!(!run.allow_unreadable && !run.ledger_on_subscriber && run.token.is_none());
}

#[test]
fn an_option_beats_the_environment_beats_the_file() {
    let file = "[run]\nworkers = 3\nmax_passes = 3\nlease = \"3s\"\nrollback = true\n\
                [database]\nmax_connections = 30\n[[table]]\nname = \"t\"\ncolumns = { c = \"go\" }";
    let variables = [
        ("RESEAL_WORKERS", "5"),
        ("RESEAL_MAX_PASSES", "5"),
        ("RESEAL_LEASE", ""),
        ("RESEAL_RUN_TOKEN", "6f1c-uid"),
        ("DB_MAX_CONNS", "9"),
        ("DATABASE_URL", "host=db password=s3cret"),
    ];
    let config = run("--workers 7 --rollback=false --ledger-on-subscriber", &variables, file);
    assert_eq!((config.run.workers, config.run.max_passes), (7, 5));
    assert_eq!(config.run.lease, Duration::from_secs(3), "an empty variable says nothing");
    assert_eq!((config.run.rollback, config.run.ledger_on_subscriber), (false, true));
    assert_eq!(config.run.token.as_deref(), Some("6f1c-uid"));
    assert_eq!(config.database.max_connections, 9);
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn columns_replace_the_tables_of_the_file_and_the_rings_only_they_used() {
    let config = run("-c t.c:go", &[("DATABASE", "x")], WHOLE);
    assert_eq!(config.tables.len(), 1);
    assert_eq!(config.rings.keys().collect::<Vec<_>>(), ["keys"]);
}

#[test]
fn key_options_replace_those_of_the_file() {
    let arguments = "--current env:A --previous env:B --previous file:c";
    let config = run(arguments, &[("DATABASE", "x")], WHOLE);
    let ring = &config.rings["keys"];
    let previous: Vec<String> =
        ring.previous.iter().map(|source| source.from.to_string()).collect();
    assert_eq!(ring.current.from.to_string(), "env:A");
    assert_eq!(previous, ["env:B", "file:c"]);
}

#[test]
fn a_colon_in_quotes_belongs_to_the_name() {
    let config = run(r#"-c "a:b"."C""d":go-hex -c t."e:f""#, &[], "");
    assert_eq!(config.tables[0].name.table, NamePattern::Exact("a:b".to_owned()));
    assert_eq!(config.tables[0].columns[0].name, "C\"d");
    assert_eq!(config.tables[1].columns[0].name, "e:f");
}

#[test]
fn two_spellings_of_one_command_have_one_digest() {
    let one = run("-c public.t.a:go -c u.b -c public.t.c:go --workers 2", &[], "");
    let other = run("-c u.b -c PUBLIC.\"t\".c:go -c public.T.a:go --lease 9s", &[], "");
    assert_eq!(one.digest_text(), other.digest_text());
    for arguments in ["-c u.b", "-c u.b -c public.t.a:go -c public.t.c:go-hex", "-c v.b"] {
        assert_ne!(one.digest_text(), run(arguments, &[], "").digest_text(), "{arguments}");
    }
}

#[test]
fn the_digest_of_the_whole_file_names_what_makes_a_run() {
    let config = run("", &[("DATABASE", "x")], WHOLE);
    let expected = r#"reseal configuration 1
table "\"public\".\"pipeline_secrets\"" ring "keys" version Some("lock_version")
 column "secret" write "enc:v1:{b64(nonce12 ct tag16)} aad \"{pipeline_id}\"" read []
table "tenant_*.\"Identity Traits\"" ring "billing" version None
 column "other" layout to be found
 column "token" write "{raw(nonce12 ct tag16)}" read ["{hex(nonce12)}:{hex(tag16)}:{hex(ct)}"]
 column "value" write "{raw(nonce12 ct tag16)}" read []
"#;
    assert_eq!(config.digest_text(), expected);
}

#[test]
fn health_needs_neither_tables_nor_a_database() {
    let file = "[database]\nurl = \"env:MISSING\"\n[ring.b]\ncurrent = \"env:B\"";
    let Ok(Command::Health(command)) = resolve("health -v", &[], file) else { panic!() };
    assert_eq!(command.rings.keys().collect::<Vec<_>>(), ["b"], "no one uses [keys]");
    assert!(command.verbose);
}

#[test]
fn commands_about_runs_need_the_database_alone() {
    let said = troubles("status", &[], "[database]\nurl = \"file:/nowhere/url\"");
    assert_eq!(said, ["cannot read the database's URL: there is no such file @ /nowhere/url / "]);
    let Ok(Command::Status(command)) = resolve("status --run 7 --wait", &[], "") else { panic!() };
    assert_eq!((command.run, command.wait), (Some(7), true));
    let accept = "failures accept 3 --reason gone";
    let Ok(Command::AcceptFailure(command)) = resolve(accept, &[], "") else { panic!() };
    assert_eq!((command.id, command.reason.as_str()), (3, "gone"));
    assert!(resolve("failures accept 0 --reason gone", &[], "").is_err());
    assert!(resolve("ledger --print-sql", &[], "").is_ok());
}
