//! The user's own SQL.

use super::{held, refused, text, written};
use crate::support::{Reseal, Rotation, eventually};

const TRAFFIC: &str = "CREATE TABLE traffic (busy boolean); INSERT INTO traffic VALUES (true)";
/// As people write it: with a semicolon and a comment at its end.
const BUSY: &str = "SELECT busy FROM traffic -- ask the application\n;";

async fn busy(rotation: &Rotation, busy: bool) {
    rotation.database.batch(&format!("UPDATE traffic SET busy = {busy}")).await;
}

fn asking(command: Reseal, query: &str) -> Reseal {
    command.arg("--throttle-query").arg(query)
}

#[tokio::test]
async fn a_run_waits_while_the_answer_is_true() {
    let rotation = Rotation::of(300).await;
    rotation.database.batch(TRAFFIC).await;
    let mut running = asking(rotation.command("run --workers 2"), BUSY).spawn();
    let status = held(&rotation, &mut running, "query").await;
    assert_eq!(
        (text(&status), &status["status"]),
        ("waits as throttle_query says", &"running".into())
    );
    assert_eq!(written(&rotation).await, 0);
    busy(&rotation, false).await;
    running.wait().await.expect(0);
    rotation.expect_written_once().await;

    // what only reads waits too
    busy(&rotation, true).await;
    let mut verifying = asking(rotation.verify(), BUSY).arg("-v").spawn();
    eventually("it waits", async || {
        assert!(!verifying.has_ended(), "{}", verifying.stderr_so_far());
        verifying.stderr_so_far().contains("waits as throttle_query says").then_some(())
    })
    .await;
    busy(&rotation, false).await;
    verifying.wait().await.expect(0);
}

/// The file says it as well as the option.
#[tokio::test]
async fn each_setting_may_stand_in_the_file() {
    let rotation = Rotation::of(50).await;
    rotation.database.batch(TRAFFIC).await;
    let file = "[run]\nthrottle_query = \"SELECT busy FROM traffic\"\nmax_duration = \"3s\"\n";
    rotation.command("run").config(file).run().await.expect(6);
    assert_eq!(written(&rotation).await, 0);
    busy(&rotation, false).await;
    rotation.command("run").config(file.replace("3s", "1h")).run().await.expect(0);
}

#[tokio::test]
async fn a_query_that_is_none_is_refused() {
    let rotation = Rotation::of(20).await;
    rotation.database.batch(TRAFFIC).await;
    for (query, what) in [
        ("SELECT nothing FROM nowhere", "the query fails: "),
        ("SELECT 'perhaps'", "the query answers a value of type text, not a boolean"),
        ("SELECT 1", "the query answers a value of type int4, not a boolean"),
        ("SELECT count(*) FROM traffic", "the query answers a value of type int8, not a boolean"),
        ("SELECT NULL", "the query answers a value of type text, not a boolean"),
        ("SELECT true, false", "the query fails: "),
        ("SELECT true FROM generate_series(1, 2)", "the query fails: "),
        ("SELECT true); DROP TABLE traffic; SELECT (true", "the query fails: "),
        ("UPDATE traffic SET busy = false", "the query fails: "),
        (
            "WITH gone AS (DELETE FROM traffic RETURNING busy) SELECT busy FROM gone",
            "the query fails: ",
        ),
        ("SELECT nextval('counter') > 0", "the query fails: "),
        ("SELECT true FROM traffic WHERE false", "the query answers NULL, or no row"),
        ("SELECT pg_sleep(60) IS NULL", "the query takes longer than 2 s"),
    ] {
        rotation.database.batch("CREATE SEQUENCE IF NOT EXISTS counter").await;
        refused(&rotation, |command| asking(command, query), what).await;
    }
    let traffic = "SELECT count(*) FROM traffic WHERE busy";
    let left: i64 = rotation.client().await.query_one(traffic, &[]).await.expect("a count").get(0);
    assert_eq!(left, 1);
}

/// In mid-run it is trouble like any other from outside: tried again for a while, then exit 5.
#[tokio::test]
async fn a_query_that_fails_in_mid_run_is_trouble_outside() {
    let rotation = Rotation::of(300).await;
    rotation.database.batch(TRAFFIC).await;
    let mut running = asking(rotation.command("run --workers 1 --retry-for 1s"), BUSY).spawn();
    held(&rotation, &mut running, "query").await;
    rotation.database.batch("ALTER TABLE traffic RENAME TO gone").await;
    let outcome = running.wait().await.expect(5);
    assert!(outcome.stderr.contains("the query fails: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("throttle_query"), "{}", outcome.stderr);
    assert_eq!(written(&rotation).await, 0);
    rotation.run().run().await.expect(0);
}
