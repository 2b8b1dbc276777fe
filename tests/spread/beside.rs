//! An application at work in the same rows, triggers, and columns that are renamed under the run.
#![cfg(feature = "failpoints")]

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::support::{Dice, Failpoints};
use super::table::Cells;
use super::{Table, expect_counts};

/// Rows that the application writes in one transaction.
const AT_ONCE: usize = 20;

/// Writes rows anew in one transaction, all three columns of a value together, under whatever key.
async fn write_some(client: &mut Client, table: &Table, words: &str, ids: &BTreeSet<i64>) {
    let transaction = client.transaction().await.expect("a transaction");
    for id in ids {
        let key = if id % 2 == 0 { &table.old } else { &table.new };
        let text = format!("{words} {id}");
        let Cells { secret, body } = Cells::sealed(key, *id, [&text, &text]);
        let update = "UPDATE tokens SET secret = $2, secret_iv = $3, secret_tag = $4, body = $5,
                      body_iv = $6, body_tag = $7 WHERE id = $1";
        transaction
            .execute(update, &[id, &secret.0, &secret.1, &secret.2, &body.0, &body.1, &body.2])
            .await
            .expect("a row");
    }
    transaction.commit().await.expect("a commit");
}

/// It writes so many rows at once, and pages are held back for a ceiling, that some of the rows are in hand.
#[tokio::test]
async fn an_application_that_writes_all_the_while_loses_nothing() {
    let table = Table::with_rows(600).await;
    let mut client = table.database.client().await;
    let mut running = table
        .command("run --workers 2 --page-rows-max 40 --rows-per-second 600 --max-passes 100")
        .spawn();
    let mut dice = Dice::new(7);
    let mut last = BTreeMap::new();
    let mut round = 0;
    while !running.has_ended() && round < 60 {
        round += 1;
        let id = |_| 1 + i64::try_from(dice.below(600)).expect("a row");
        let ids: BTreeSet<i64> = (0..AT_ONCE).map(id).collect();
        let words = format!("round {round} of");
        write_some(&mut client, &table, &words, &ids).await;
        last.extend(ids.into_iter().map(|id| (id, format!("{words} {id}"))));
    }
    let status = running.wait().await.expect(0).json();
    // what it wrote under the old key after the proof
    table.command("run").run().await.expect(0);
    for (id, opened) in table.opened().await {
        let expected = last.get(&id).map_or_else(
            || [format!("secret {id}"), format!("body {id}")],
            |text| [text.clone(), text.clone()],
        );
        assert_eq!(opened, expected.map(Some), "row {id}");
    }
    assert!(status["conflicts"].as_u64() > Some(0), "none was in hand: {status}");
    table.verify().run().await.expect(0);
}

/// The application changes one piece of a value that is in hand: nothing of what was made from the others is
/// written.
#[tokio::test]
async fn a_piece_that_changes_meanwhile_is_never_mixed_with_others() {
    let table = Table::with_rows(100).await;
    let failpoints = Failpoints::hold("page-resealed@1");
    let command = table.command("run --workers 1 --page-rows-max 50");
    let mut running = failpoints.on(command).spawn();
    failpoints.reached("page-resealed@1", &mut running).await;
    let touch = "UPDATE tokens SET secret_iv = repeat('ab', 12) WHERE id = 9";
    table.database.batch(touch).await;
    let before = (table.text(9, "secret").await, table.text(9, "secret_tag").await);
    failpoints.release("page-resealed@1");
    let status = running.wait().await.expect(1).json();
    expect_counts(&status, [200, 199, 199, 1, 0]);
    assert_eq!(status["conflicts"], 2, "both values of the row: {status}");
    let after = (table.text(9, "secret").await, table.text(9, "secret_tag").await);
    assert_eq!(before, after, "the others are as they were");
    assert_eq!(table.text(9, "secret_iv").await, Some("ab".repeat(12)), "the application's stands");
    assert_eq!(table.failures().await, ["9 secret no_key_opens_it"]);
    assert_eq!(table.opened().await[&9][1], Some("body 9".to_owned()));
}

#[tokio::test]
async fn a_trigger_that_alters_one_piece_is_a_refused_write() {
    let table = Table::with_rows(60).await;
    let trigger = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.secret_tag := OLD.secret_tag; RETURN NEW; END';
        CREATE TRIGGER keep BEFORE UPDATE ON tokens FOR EACH ROW WHEN (OLD.id = 33) EXECUTE FUNCTION keep()";
    table.database.batch(trigger).await;
    let before = [table.text(33, "secret").await, table.text(33, "secret_iv").await];
    let status = table.command("run").run().await.expect(1).json();
    expect_counts(&status, [120, 119, 119, 1, 0]);
    assert_eq!(table.failures().await, ["33 secret write_refused"]);
    assert_eq!(before, [table.text(33, "secret").await, table.text(33, "secret_iv").await]);
    assert_eq!(table.opened().await[&33][1], Some("body 33".to_owned()));
}

#[tokio::test]
async fn another_column_takes_the_name_of_a_piece() {
    let table = Table::with_rows(100).await;
    let failpoints = Failpoints::hold("page-resealed@2");
    let command = table.command("run --workers 1 --page-rows-max 50");
    let mut running = failpoints.on(command).spawn();
    failpoints.reached("page-resealed@2", &mut running).await;
    let swap =
        "ALTER TABLE tokens RENAME body_tag TO before; ALTER TABLE tokens RENAME other TO body_tag";
    table.database.batch(swap).await;
    failpoints.release("page-resealed@2");
    let outcome = running.wait().await.expect(3);
    assert!(outcome.stderr.contains("a column was renamed"), "{}", outcome.stderr);
    let count = "SELECT count(*) FROM tokens WHERE body_tag IS NOT NULL";
    let written = table.database.client().await.query_one(count, &[]).await.expect("rows");
    assert_eq!(written.get::<_, i64>(0), 0, "another column was written");
}

#[tokio::test]
async fn counts_are_exact_after_kills() {
    let table = Table::with_rows(200).await;
    let run = || table.command("run --workers 1 --page-rows-max 50");
    for point in ["rows-written@2", "committed@2", "page-resealed@2"] {
        let killed = Failpoints::kill(point).on(run()).run().await;
        assert_eq!(killed.signal, Some(9), "{point}: {}", killed.printed());
    }
    let status = run().run().await.expect(0).json();
    expect_counts(&status, [400, 400, 400, 0, 0]);
    let count = "SELECT count(*) FROM tokens WHERE writes <> 1";
    let others = table.database.client().await.query_one(count, &[]).await.expect("rows");
    assert_eq!(
        others.get::<_, i64>(0),
        0,
        "a row is written once, whatever the number of its columns"
    );
}
