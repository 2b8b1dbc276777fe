//! What the ledger says against a run: another one is unfinished, a key's seals are spent.

use super::{REFUSED, refused};
use crate::support::{TestKey, Vault};

/// Leaves an unfinished run over `columns` behind, killed at its first page.
async fn killed(vault: &Vault, columns: &[&str]) {
    let run = columns.iter().fold(vault.command("run"), |run, column| run.arg("-c").arg(column));
    let outcome = run.env("RESEAL_FAILPOINT", "page-fetched=kill").run().await;
    assert_eq!(outcome.signal, Some(9), "{outcome:?}");
}

#[tokio::test]
async fn a_run_that_overlaps_an_unfinished_one() {
    let vault = Vault::with_rows(50).await;
    let (secret, token) = ("secrets.secret:go", "secrets.token:enc-v1");
    killed(&vault, &[secret, token]).await;
    let told = [(
        "run 1 is unfinished and covers some of these columns",
        "the ledger",
        "end it: reseal abandon --run 1",
    )];
    // fewer columns
    for words in ["plan", "run"] {
        let command = vault.command(words).arg("-c").arg(secret);
        refused(&vault.database, command, REFUSED, &told).await;
    }
    // another key in place of one of its own: what is under that one could not be opened
    let other = TestKey::random();
    let command = vault.with_columns("run").current_key(&other);
    refused(&vault.database, command, REFUSED, &told).await;
    // the same columns read in another way
    let config = "[[table]]\nname = \"secrets\"\n[table.columns]\nsecret = \"go\"\n\
                  token = { write = \"enc-v1\", read = [\"go\"] }\n";
    let before = vault.cells().await;
    let said = vault.command("plan").config(config.replace("\"go\"]", "\"go-b64\"]"));
    let plan = said.run().await.expect(0);
    assert!(plan.stdout.starts_with("plan: supersede run 1,"), "{}", plan.stdout);
    // and its own command still finishes it
    vault.with_columns("run").run().await.expect(0);
    vault.check(&before, &vault.cells().await, &[]);
}

#[tokio::test]
async fn a_key_whose_seals_are_spent() {
    let vault = Vault::with_rows(50).await;
    let budget = 1_u64 << 32;
    let what = format!("seals under key {} exceed the budget of 2^32", vault.new.id());
    let told = [(what.as_str(), "the nonce budget", "rotate to a fresh key")];
    let elsewhere = |words: &str, seals: u64| {
        vault.with_columns(words).arg("--other-seals").arg(seals.to_string())
    };
    for words in ["plan", "run"] {
        refused(&vault.database, elsewhere(words, budget), REFUSED, &told).await;
        refused(&vault.database, elsewhere(words, budget - 100), REFUSED, &told).await;
    }
    // at half of it the plan warns, below it is silent
    let warns = async |seals| {
        let plan = elsewhere("plan", seals).json().run().await.expect(0).json();
        let warnings = plan["warnings"].as_array().expect("a list").clone();
        warnings.iter().any(|warning| warning["place"] == "the nonce budget")
    };
    assert!(warns(budget / 2).await);
    assert!(!warns(budget / 4).await);
}

/// Seals are counted in the ledger, whatever else is said.
#[tokio::test]
async fn seals_of_earlier_runs_count() {
    let vault = Vault::with_rows(50).await;
    vault.command("ledger").run().await.expect(0);
    let reserved =
        format!("INSERT INTO reseal.key_use VALUES ('{}', {})", vault.new.id(), (1_u64 << 32) - 10);
    vault.database.batch(&reserved).await;
    let told = [("exceed the budget of 2^32", "the nonce budget", "rotate to a fresh key")];
    refused(&vault.database, vault.with_columns("run"), REFUSED, &told).await;
    // nearly spent, it is found before a value is sealed
    let nearly = "UPDATE reseal.key_use SET seals_reserved = (1::bigint << 32) - 5000";
    vault.database.batch(nearly).await;
    let before = vault.cells().await;
    let outcome = vault.with_columns("run").run().await.expect(REFUSED);
    assert!(outcome.stderr.contains("the budget of 2^32 seals"), "{}", outcome.stderr);
    assert!(vault.cells().await == before, "a value was sealed beyond the budget");
}

/// A schema of that name which somebody else has filled.
#[tokio::test]
async fn a_schema_that_is_not_ours() {
    let vault = Vault::with_rows(20).await;
    vault.database.batch("CREATE SCHEMA reseal").await;
    let told = [(
        "the schema holds tables that are not this program's ledger",
        "schema reseal",
        "rename that schema",
    )];
    for table in [
        "run (id integer)",
        "ledger_version (id integer)",
        "ledger_version (version text)",
        "ledger_version (version point)",
        "ledger_version (version integer)",
    ] {
        vault.database.batch(&format!("CREATE TABLE reseal.{table}")).await;
        let refusing =
            [vault.with_columns("plan"), vault.with_columns("run"), vault.command("ledger")];
        for command in refusing {
            refused(&vault.database, command, REFUSED, &told).await;
        }
        let name = table.split(' ').next().unwrap_or_default();
        vault.database.batch(&format!("DROP TABLE reseal.{name}")).await;
    }
    // other tables are in nobody's way
    vault.database.batch("CREATE TABLE reseal.orders (id integer)").await;
    vault.with_columns("run").run().await.expect(0);
}
