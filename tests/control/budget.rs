//! Budgets of records and time: exit 6, and the next start resumes.

use crate::support::{Rotation, eventually};
use crate::{resealed, told};

/// The canary: so many records and not one more, over all workers.
#[tokio::test]
async fn a_budget_of_records_is_spent_and_the_next_start_goes_on() {
    let rotation = Rotation::of(1_000).await;
    rotation.database.batch("CREATE TABLE second (LIKE secrets INCLUDING ALL)").await;
    rotation.database.batch("INSERT INTO second TABLE secrets").await;
    let both = |words: &str| rotation.command(words).arg("-c").arg("second.value:go");
    let outcome = both("run --workers 2 --max-records 100").run().await.expect(6);
    assert!(outcome.stderr.contains("the budget of 100 records is spent"), "{}", outcome.stderr);
    let report = outcome.json();
    assert_eq!(
        (&report["status"], &report["resealed_records"]),
        (&"interrupted".into(), &100.into())
    );
    let written = "SELECT (SELECT count(*) FROM secrets WHERE value NOT IN (SELECT value FROM second))
                        + (SELECT count(*) FROM second WHERE value NOT IN (SELECT value FROM secrets))";
    let written: i64 =
        rotation.client().await.query_one(written, &[]).await.expect("a count").get(0);
    assert_eq!(written, 200, "each of the 100 differs from its twin, which differs from it");

    both("run --max-records 50").run().await.expect(6);
    assert_eq!(resealed(&rotation).await, 150);
    let outcome = both("run").run().await.expect(0).json();
    assert_eq!((&outcome["run_id"], &outcome["resealed_records"]), (&1.into(), &2_000.into()));
    rotation.expect_written_once().await;
}

/// A table that was just done says of nobody that he is still at work.
#[tokio::test]
async fn a_budget_that_ends_with_a_table() {
    let rotation = Rotation::of(100).await;
    rotation.database.batch("CREATE TABLE second (LIKE secrets INCLUDING ALL)").await;
    rotation.database.batch("INSERT INTO second TABLE secrets").await;
    let words = "run --workers 1 --max-records 100 -c second.value:go";
    let report = rotation.command(words).run().await.expect(6).json();
    assert_eq!(report["status"], "interrupted", "{report}");
    assert_eq!(report["resealed_records"], 100, "{report}");
}

/// What the database refuses, and what the application changes, is not written and costs nothing.
#[tokio::test]
async fn only_what_is_written_counts() {
    let rotation = Rotation::of(300).await;
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                      'BEGIN IF NEW.id <= 20 THEN RAISE EXCEPTION USING ERRCODE = ''23514''; END IF;
                       RETURN NEW; END';
                  CREATE TRIGGER refuse BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION refuse()";
    rotation.database.batch(refuse).await;
    for spent in [100, 200] {
        rotation.run().arg("--max-records").arg("100").run().await.expect(6);
        let report = rotation.status().await;
        let seen = report["resealed_records"].as_i64().expect("a number");
        assert!(seen <= spent && seen >= spent - 40, "{report}");
    }
    rotation.run().run().await.expect(1);
    assert_eq!(resealed(&rotation).await, 280);
}

/// A budget that is just enough is not spent: the proof writes nothing.
#[tokio::test]
async fn a_budget_that_is_enough_is_enough() {
    let rotation = Rotation::of(100).await;
    rotation.command("run --max-records 100").run().await.expect(0);
    rotation.expect_written_once().await;
}

#[tokio::test]
async fn a_budget_of_time_is_spent_even_while_the_run_rests() {
    let rotation = Rotation::of(500).await;
    let slow = "run --workers 1 --rows-per-second 20 --max-duration 5s";
    let outcome = rotation.command(slow).run().await.expect(6);
    assert!(outcome.stderr.contains("the time budget of 5s is spent"), "{}", outcome.stderr);
    let before = resealed(&rotation).await;
    assert!(before < 500, "{before}");

    told(&rotation, "pause").await;
    rotation.command("run --max-duration 1s").run().await.expect(6);
    assert_eq!(resealed(&rotation).await, before);
    told(&rotation, "resume").await;
    rotation.run().run().await.expect(0);
    rotation.expect_written_once().await;
    eventually("a proof within its time", async || {
        (rotation.verify().arg("--max-duration").arg("1h").run().await.code == Some(0))
            .then_some(())
    })
    .await;
}
