//! What a whole server is refused for, on servers of the tests' own; and that a plan writes nothing.

use super::{REFUSED, refused, tells};
use crate::support::{TestDatabase, Vault, become_standby, private_server};
use reseal::demo::server::ServerOptions;

#[tokio::test]
async fn a_standby_takes_no_writes() {
    let mut server = private_server(ServerOptions::default());
    let vault = Vault::create_in(TestDatabase::create_on(&server).await, 20).await;
    become_standby(&mut server);
    let told = [(
        "the server is a standby and accepts no writes",
        "database test_",
        "connect to the primary",
    )];
    for words in ["plan", "run", "verify"] {
        refused(&vault.database, vault.with_columns(words), REFUSED, &told).await;
    }
    // asked for a server that takes writes, the client does not even begin; that is no trouble of the network
    let url = format!("{}?target_session_attrs=read-write", vault.database.url());
    let outcome = vault.command("status").env("DATABASE_URL", &url).run().await.expect(5);
    let told = [("not of the kind that target_session_attrs asks for", "", "the primary")];
    tells(&outcome, &told);
}

/// Not even a transaction id is taken: nothing that a standby or a subscriber would see.
#[tokio::test]
async fn a_plan_writes_nothing() {
    let quiet = ServerOptions::default().setting("autovacuum", "off");
    let server = private_server(quiet);
    let vault = Vault::create_in(TestDatabase::create_on(&server).await, 500).await;
    let client = vault.database.client().await;
    client.batch_execute("VACUUM (FREEZE, ANALYZE)").await.expect("a vacuum"); // no hint bits to set
    let next =
        "SELECT pg_snapshot_xmax(pg_current_snapshot())::text, pg_current_wal_insert_lsn()::text";
    let state = async || {
        client.batch_execute("CHECKPOINT").await.expect("a checkpoint");
        let row = client.query_one(next, &[]).await.expect("a row");
        (row.get::<_, String>(0), row.get::<_, String>(1))
    };
    let (before, _) = state().await;
    let files = super::everything(&client).await;
    for words in ["plan", "plan --output json", "verify", "status", "failures", "health"] {
        let command = match words {
            "status" | "failures" | "health" => vault.command(words),
            _ => vault.with_columns(words),
        };
        let outcome = command.run().await;
        assert_eq!(outcome.code, Some(i32::from(words == "verify")), "{outcome:?}");
    }
    assert_eq!(state().await.0, before, "a transaction id was taken");
    assert!(super::everything(&client).await == files);
    vault.with_columns("run").run().await.expect(0);
    assert_ne!(state().await.0, before, "what a run does is seen");
}

#[tokio::test]
async fn a_publication_of_all_tables_would_replicate_the_ledger() {
    let vault = Vault::with_rows(20).await;
    vault.database.batch("CREATE PUBLICATION all_of_it FOR ALL TABLES").await;
    let told = [(
        "a publication FOR ALL TABLES would replicate the ledger and stop its subscribers",
        "publication all_of_it",
        "`reseal ledger --print-sql`",
    )];
    for words in ["plan", "run"] {
        refused(&vault.database, vault.with_columns(words), REFUSED, &told).await;
    }
    refused(&vault.database, vault.command("ledger"), REFUSED, &told).await;
    // reading is no trouble, nor is a ledger that is there already
    vault.with_columns("verify").run().await.expect(1);
    vault.with_columns("run --ledger-on-subscriber").run().await.expect(0);
    vault.command("ledger").run().await.expect(0);
}

/// Found by different parts of the plan, told together.
#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let vault = Vault::with_rows(200).await;
    let sql = "CREATE PUBLICATION all_of_it FOR ALL TABLES;
               CREATE VIEW a_view AS SELECT * FROM secrets;
               CREATE TABLE no_key AS TABLE secrets;
               CREATE TABLE strangers (LIKE secrets INCLUDING ALL);
               INSERT INTO strangers SELECT id, owner, sha256(secret), token FROM secrets";
    vault.database.batch(sql).await;
    let columns =
        ["a_view.secret:go", "nowhere.secret:go", "no_key.secret:go", "strangers.secret:go"];
    let run = columns.iter().fold(vault.command("run"), |run, column| run.arg("-c").arg(column));
    let run = run.arg("-c").arg("secrets.sceret:go").arg("--other-seals").arg("4294967296");
    let told = [
        ("FOR ALL TABLES", "all_of_it", "--ledger-on-subscriber"),
        ("this is a view", "a_view", "name the table"),
        ("no table of this name", "nowhere", "spelling"),
        ("published for updates without a replica identity", "no_key", "REPLICA IDENTITY"),
        ("no usable row key", "no_key", "primary key"),
        ("the column does not exist", "secrets.sceret", "correct its name"),
        ("only 0 open", "strangers.secret", "previous key or the layout is wrong"),
        ("exceed the budget of 2^32", "the nonce budget", "fresh key"),
    ];
    refused(&vault.database, run, REFUSED, &told).await;
}

/// A server that has waited for a lock does not say whose: the plan was looking at a table.
#[tokio::test]
async fn a_table_that_somebody_has_locked() {
    let vault = Vault::with_rows(20).await;
    let holder = vault.database.client().await;
    let lock = "BEGIN; LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE";
    holder.batch_execute(lock).await.expect("a lock");
    let outcome = vault.with_columns("plan").run().await.expect(5);
    tells(&outcome, &[("a lock was not had in time", "secrets", "see pg_locks")]);
}
