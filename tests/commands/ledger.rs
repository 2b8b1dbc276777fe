//! The ledger: created by a run, by a command, or by a DBA; and never by an older program.

use crate::support::{Reseal, Vault};

/// Everything in schema `reseal`, as the catalogue has it.
async fn shape(vault: &Vault) -> Vec<String> {
    let select = "
        SELECT format('%s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                      a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'reseal'::regnamespace
        UNION ALL
        SELECT format('%s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'reseal'::regnamespace
        UNION ALL
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'reseal'
        UNION ALL
        SELECT format('%s %s', relname, reloptions) FROM pg_class
        WHERE relnamespace = 'reseal'::regnamespace
        UNION ALL
        SELECT 'version ' || version FROM reseal.ledger_version
        ORDER BY 1";
    let rows = vault.database.client().await.query(select, &[]).await.expect("the catalogue");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_same_whoever_creates_it() {
    let by_run = Vault::with_rows(5).await;
    by_run.with_columns("run").run().await.expect(0);
    let by_command = Vault::with_rows(5).await;
    let created = by_command.command("ledger").run().await.expect(0);
    assert_eq!(created.stdout, "the ledger is created\n");
    let again = by_command.command("ledger").json().run().await.expect(0);
    assert_eq!(again.stdout, "{\"done\":\"the ledger is up to date\"}\n");
    let by_hand = Vault::with_rows(5).await;
    let script = by_hand.command("ledger --print-sql").run().await.expect(0);
    by_hand.database.batch(&script.stdout).await;
    let expected = shape(&by_run).await;
    assert!(expected.len() > 50, "{expected:#?}");
    assert_eq!(shape(&by_command).await, expected);
    assert_eq!(shape(&by_hand).await, expected);
    assert_eq!(
        by_hand.command("ledger").run().await.expect(0).stdout,
        "the ledger is up to date\n"
    );
    by_hand.with_columns("run").run().await.expect(0);
    let primary_keys = expected.iter().filter(|line| line.contains(" PRIMARY KEY ")).count();
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'reseal'";
    let tables = by_run.database.client().await.query_one(tables, &[]).await.expect("a count");
    assert_eq!(tables.get::<_, i64>(0), primary_keys as i64, "every table has one");
}

/// Printing it needs no database and no key.
#[tokio::test]
async fn its_sql_is_printed_without_a_database() {
    let words = "ledger --print-sql";
    let script = Reseal::new(words).run().await.expect(0).stdout;
    assert!(script.starts_with("--") && script.contains("CREATE TABLE reseal.run"), "{script}");
}

#[tokio::test]
async fn one_of_a_newer_program_is_left_alone() {
    let vault = Vault::with_rows(5).await;
    vault.command("ledger").run().await.expect(0);
    vault.database.batch("INSERT INTO reseal.ledger_version (version) VALUES (2)").await;
    let before = vault.cells().await;
    for words in ["status", "failures", "abandon", "ledger", "failures accept 1 --reason x"] {
        let outcome = vault.command(words).run().await.expect(3);
        newer(&outcome.stderr);
    }
    for words in ["plan", "run", "run --rollback"] {
        let outcome = vault.with_columns(words).run().await.expect(3);
        newer(&outcome.stderr);
    }
    assert!(vault.cells().await == before);
    // before any table is looked at
    let verify = vault.with_columns("verify").previous_keys(&[]);
    let verify = verify.env("RESEAL_FAILPOINT", "page-fetched=kill");
    newer(&verify.run().await.expect(3).stderr);
}

#[track_caller]
fn newer(stderr: &str) {
    assert!(stderr.contains("the ledger has version 2, this program knows up to 1"), "{stderr}");
    assert!(stderr.contains("where: schema reseal"), "{stderr}");
    assert!(stderr.contains("use the reseal version that wrote it"), "{stderr}");
}
