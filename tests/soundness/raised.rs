//! Rows for which a trigger raises what would pass if it were anything else's trouble.

use std::time::Duration;

use super::support::{Failpoints, Reseal, Rotation};

const ROWS: i64 = 300;

/// A trigger that raises this SQLSTATE for the rows of which `which` is true.
fn raises(which: &str, sqlstate: &str) -> String {
    format!(
        "CREATE FUNCTION raises() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$;
         CREATE TRIGGER raises BEFORE UPDATE ON secrets FOR EACH ROW WHEN ({which})
         EXECUTE FUNCTION raises()"
    )
}

/// Two rows of many: they are listed, the others are done, and the run ends.
#[tokio::test]
async fn a_row_that_raises_a_passing_trouble_for_ever_is_listed() {
    // … a lock that nobody waited for, and a deadlock that was none
    for sqlstate in ["40001", "08006", "55P03", "40P01"] {
        let rotation = Rotation::of(ROWS).await;
        rotation.database.batch(&raises("OLD.id IN (1, 150)", sqlstate)).await;
        let status = rotation.run().run().await.expect(1).json();
        assert_eq!(status["status"], "completed_with_failures", "{status}");
        assert_eq!(status["resealed_records"], ROWS - 2, "{status}");
        let failures = Reseal::new("failures").json().on(&rotation.database).run().await.expect(0);
        let failures = failures.json();
        let listed = failures["failures"].as_array().expect("failures");
        assert_eq!(listed.len(), 2, "{failures}");
        for failure in listed {
            assert_eq!(failure["reason"], "write_refused", "{failure}");
            assert_eq!(failure["sqlstate"], sqlstate, "{failure}");
        }
    }
}

/// So many that the proof meets nothing else in a page: they are listed all the same, and the next run, which
/// begins with its proof, ends as well.
#[tokio::test(flavor = "multi_thread")]
async fn many_rows_that_raise_for_ever_are_listed() {
    const MANY: i64 = 22;
    let rotation = Rotation::of(ROWS).await;
    rotation.database.batch(&raises("OLD.id <= 22", "40001")).await;
    for resealed in [ROWS - MANY, 0] {
        let run = rotation.run().deadline(Duration::from_secs(120));
        let status = run.run().await.expect(1).json();
        assert_eq!(status["status"], "completed_with_failures", "{status}");
        let counts = (&status["resealed_records"], &status["failed_records"]);
        assert_eq!(counts, (&resealed.into(), &MANY.into()), "{status}");
    }
    rotation.database.batch("DROP TRIGGER raises ON secrets").await;
    rotation.run().run().await.expect(0);
    rotation.expect_secrets(1..=ROWS).await;
}

/// All rows of the first page: those of the pages behind it tell that it is their own trouble.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_page_whose_rows_all_raise_is_listed() {
    const MANY: i64 = 22;
    for sqlstate in ["40001", "P0001"] {
        let rotation = Rotation::of(ROWS).await;
        rotation.database.batch(&raises("OLD.id <= 22", sqlstate)).await;
        let words = "run --workers 1 --page-rows-max 22 --retry-for 2s";
        let run = rotation.command(words).deadline(Duration::from_secs(120));
        let status = run.run().await.expect(1).json();
        assert_eq!(status["status"], "completed_with_failures", "{status}");
        let counts = (&status["resealed_records"], &status["failed_records"]);
        assert_eq!(counts, (&(ROWS - MANY).into(), &MANY.into()), "{status}");
    }
}

/// All rows that are left in the table: what the run has written of it tells that it is their own trouble. Once that
/// is said of the first of them, which takes long, only two go on raising.
#[tokio::test]
async fn a_last_page_whose_rows_all_raise_is_listed() {
    let rotation = Rotation::of(ROWS).await;
    rotation.database.batch(&raises("OLD.id > 279", "40001")).await;
    let points = Failpoints::hold("row-raises");
    let words = "run --workers 1 --page-rows-max 279 --retry-for 2s";
    let mut running = points.on(rotation.command(words)).spawn();
    points.reached("row-raises", &mut running).await;
    let fewer = "DROP TRIGGER raises ON secrets; CREATE TRIGGER raises BEFORE UPDATE ON secrets
                 FOR EACH ROW WHEN (OLD.id IN (280, 300)) EXECUTE FUNCTION raises()";
    rotation.database.batch(fewer).await;
    points.release("row-raises");
    let status = running.wait().await.expect(1).json();
    assert_eq!(status["status"], "completed_with_failures", "{status}");
    let counts = (&status["resealed_records"], &status["failed_records"]);
    assert_eq!(counts, (&(ROWS - 2).into(), &2.into()), "{status}");
}

/// When no row can be written it is not the rows' doing: nothing is listed, and the run can be resumed.
#[tokio::test]
async fn a_trouble_of_every_row_is_no_failure_of_any() {
    let rotation = Rotation::of(ROWS).await;
    rotation.database.batch(&raises("true", "08006")).await;
    let outcome = rotation.run().arg("--retry-for").arg("2s").run().await.expect(5);
    assert!(outcome.stderr.contains("given up after"), "{}", outcome.stderr);
    let failures = Reseal::new("failures").json().on(&rotation.database).run().await.expect(0);
    assert_eq!(failures.json()["failures"].as_array().map(Vec::len), Some(0));
    rotation.database.batch("DROP TRIGGER raises ON secrets").await;
    rotation.run().run().await.expect(0);
    rotation.expect_secrets(1..=ROWS).await;
}
