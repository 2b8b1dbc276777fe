//! Words that are wrong, and words that do not fit the tables they are about.

use super::{REFUSED, USAGE, refused};
use crate::support::Vault;

/// A `[[table]]` of `secrets` with these lines.
fn table(lines: &str, columns: &str) -> String {
    format!("[[table]]\nname = \"secrets\"\n{lines}\n[table.columns]\n{columns}\n")
}

#[tokio::test]
async fn layouts_that_are_none() {
    let vault = Vault::with_rows(10).await;
    for (layout, what, hint) in [
        ("og", "no layout named `og`", "did you mean `go`?"),
        ("{raw(nonce12 ct)}", "tag", "tag"),
        ("{raw(nonce12 ct tag12)}", "tag12 is only read", "tag16"),
        ("{raw(nonce13 ct tag16)}", "a nonce is `nonce12`, `nonce16` or `nonce24`", ""),
        ("{raw(nonce12 ct tag16)", "{", ""),
        ("{kid}{b64(nonce12 ct tag16)}", "two ways to split", "separator"),
    ] {
        let command = vault.command("run").arg("-c").arg(format!("secrets.secret:{layout}"));
        refused(&vault.database, command, USAGE, &[(what, "--column", hint)]).await;
        let config = table("", &format!("secret = \"{layout}\""));
        let place = "test.toml:5, [table.columns] secret";
        let command = vault.command("plan").config(config);
        refused(&vault.database, command, USAGE, &[(what, place, hint)]).await;
    }
}

#[tokio::test]
async fn additional_data_that_our_own_write_would_change() {
    let vault = Vault::with_rows(10).await;
    let sql = "ALTER TABLE secrets ADD lock_version int NOT NULL DEFAULT 0,
               ADD shout text GENERATED ALWAYS AS (upper(owner)) STORED";
    vault.database.batch(sql).await;
    let place = "public.secrets.secret";
    let hint = "bind the value to columns that stay as they are";
    for (name, what, hint) in [
        ("lock_version", "names the version column (lock_version), which the write changes", hint),
        ("shout", "names a generated column (shout), which the write changes", hint),
        ("token", "names a resealed column (token), which the write changes", hint),
        ("secret", "names a resealed column (secret), which the write changes", hint),
        ("onwer", "names column onwer, which does not exist", "correct `aad`"),
    ] {
        let columns =
            format!("token = \"enc-v1\"\nsecret = {{ layout = \"go\", aad = \"a:{{{name}}}\" }}");
        let config = table("version = \"lock_version\"", &columns);
        let command = vault.command("run").config(config);
        refused(&vault.database, command, REFUSED, &[(what, place, hint)]).await;
    }
}

#[tokio::test]
async fn version_columns_that_cannot_be_counted_up() {
    let vault = Vault::with_rows(10).await;
    let sql = "ALTER TABLE secrets ADD maybe int, ADD digits numeric NOT NULL DEFAULT 0,
               ADD twice bigint NOT NULL GENERATED ALWAYS AS (id * 2) STORED";
    vault.database.batch(sql).await;
    let hint = "it must be an integer, not null, and not generated";
    for (name, what, hint) in [
        ("verison", "the version column does not exist", "correct `version`"),
        ("maybe", "the version column is integer", hint),
        ("digits", "the version column is numeric", hint),
        ("owner", "the version column is text", hint),
        ("twice", "the version column is bigint", hint),
        ("id", "the version column is part of the row key", "leave it out"),
    ] {
        let config = table(&format!("version = \"{name}\""), "secret = \"go\"");
        let place = format!("public.secrets.{name}");
        let command = vault.command("run").config(config);
        refused(&vault.database, command, REFUSED, &[(what, &place, hint)]).await;
    }
    let config = table("version = \"secret\"", "secret = \"go\"");
    let told = [("the version column is one of the columns to reseal", "test.toml:3", "")];
    refused(&vault.database, vault.command("run").config(config), USAGE, &told).await;
}

#[tokio::test]
async fn unknown_words_name_the_nearest_known_one() {
    let vault = Vault::with_rows(10).await;
    let config = format!("[rn]\n[run]\nworker = 2\n{}", table("verson = \"x\"", "secret = \"go\""));
    let told = [
        ("unknown key `verson`", "test.toml:6, [[table]]", "did you mean `version`?"),
        ("unknown key `worker`", "test.toml:3, [run]", "did you mean `workers`?"),
        ("unknown key `rn`", "test.toml:1", "did you mean `run`?"),
    ];
    for words in ["run", "plan", "verify", "status"] {
        refused(&vault.database, vault.command(words).config(&config), USAGE, &told).await;
    }
}

#[tokio::test]
async fn numbers_out_of_their_bounds_are_all_told_at_once() {
    let vault = Vault::with_rows(10).await;
    let command = vault.with_columns("run --workers 65 --max-passes 0 --max-wait forever");
    let told = [
        ("workers is a whole number from 1 to 64", "--workers", ""),
        ("max_passes is a whole number from 1 to 1000", "--max-passes", ""),
        ("max_wait is a duration", "--max-wait", ""),
        ("lease is a duration", "env:RESEAL_LEASE", ""),
    ];
    refused(&vault.database, command.env("RESEAL_LEASE", "0s"), USAGE, &told).await;
}
