//! What the walk cannot see on its way: rows that move, are written behind it, or lie where no index
//! leads. Servers of their own: a transaction that is open anywhere else on a server lowers the
//! barrier, and the close would see by luck what it must see by design.

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use serde_json::Value;

use super::old_rows;
use super::support::{Failpoints, Outcome, Rotation, private_server};

/// Ids as the tests of this file need them: 1 to 1000, in blocks of a few rows each.
const ROWS: i64 = 1_000;

fn server() -> ThrowawayServer {
    private_server(ServerOptions::default().setting("autovacuum", "off"))
}

/// A table of so many blocks that its walk takes many pages.
async fn scattered(server: &ThrowawayServer) -> Rotation {
    let rotation = Rotation::of_on(server, 0).await;
    rotation.database.batch("ALTER TABLE secrets SET (fillfactor = 10)").await;
    rotation.insert("secrets", 1..=ROWS, &rotation.old).await;
    rotation.database.batch("ANALYZE secrets").await;
    rotation
}

fn passes(outcome: Outcome) -> Value {
    let status = outcome.expect(0).json();
    assert_eq!(status["status"], "completed", "{status}");
    assert_eq!(status["remaining_records"], 0, "{status}");
    status["passes"].clone()
}

async fn write_old(rotation: &Rotation, id: i64) {
    let update = "UPDATE secrets SET value = $1 WHERE id = $2";
    let value = rotation.old_value(id);
    rotation.client().await.execute(update, &[&value, &id]).await.expect("a row");
}

/// A pass in key order does not meet a row whose key moves behind it; the walk does.
#[tokio::test]
async fn a_key_that_moves_behind_the_pass() {
    let server = server();
    let rotation = Rotation::of_on(&server, ROWS).await;
    let failpoints = Failpoints::hold("committed@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("committed@2", &mut running).await;
    rotation.database.batch("UPDATE secrets SET id = -id WHERE id IN (900, 950)").await;
    failpoints.release("committed@2");
    assert_eq!(passes(running.wait().await), 2);
    assert!(old_rows(&rotation).await.is_empty());
    assert_eq!(rotation.opened().await.len(), 1_000);
}

/// Old values written to blocks that the walk has passed, and new rows, are found by the close, which
/// then looks again.
#[tokio::test]
async fn what_is_written_behind_the_walk() {
    let server = server();
    let rotation = scattered(&server).await;
    let failpoints = Failpoints::hold("walk-fetched@3");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("walk-fetched@3", &mut running).await;
    write_old(&rotation, 1).await;
    rotation.insert("secrets", [2_000], &rotation.old).await;
    failpoints.release("walk-fetched@3");
    assert_eq!(passes(running.wait().await), 3, "the pass, the walk, one more look");
    rotation.expect_secrets((1..=ROWS).chain([2_000])).await;
}

/// More than a close reseals at once: another pass walks.
#[tokio::test]
async fn much_that_is_written_behind_the_walk() {
    let server = server();
    let rotation = scattered(&server).await;
    let failpoints = Failpoints::hold("walk-fetched@3");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("walk-fetched@3", &mut running).await;
    rotation.insert("secrets", 2_000..=2_500, &rotation.old).await;
    failpoints.release("walk-fetched@3");
    assert_eq!(passes(running.wait().await), 3, "the pass, the walk, another walk");
    rotation.expect_secrets((1..=ROWS).chain(2_000..=2_500)).await;
}

/// A transaction that was in progress when the proof began, and that wrote where the walk had not been
/// yet but commits after it has: its id lies below the snapshot's xmax, not below its xmin.
#[tokio::test]
async fn a_transaction_in_progress_at_the_start() {
    let server = server();
    let rotation = scattered(&server).await;
    rotation.run().run().await.expect(0);
    let writer = rotation.client().await;
    writer.batch_execute("BEGIN").await.expect("a transaction");
    let update = "UPDATE secrets SET value = $1 WHERE id = 1";
    writer.execute(update, &[&rotation.old_value(1)]).await.expect("row 1");
    rotation.database.batch("SELECT txid_current()").await;

    // nothing to do, says the sample: the run begins with its proof
    let failpoints = Failpoints::hold("walk-fetched@3");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("walk-fetched@3", &mut running).await;
    writer.batch_execute("COMMIT").await.expect("a commit");
    failpoints.release("walk-fetched@3");
    assert_eq!(passes(running.wait().await), 2, "the walk, one more look");
    rotation.expect_secrets(1..=ROWS).await;
}

/// Holds the run twice. Behind its pass in key order, old values are put at the end of the table, older
/// than the barrier of the walk; then, with the walk in the middle, `meanwhile` happens to the table.
async fn changed_under_the_walk(rotation: &Rotation, meanwhile: &str) -> Value {
    let failpoints = Failpoints::hold("committed@1").and_hold("walk-fetched@3");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("committed@1", &mut running).await;
    rotation.insert("secrets", -50..=-1, &rotation.old).await;
    failpoints.release("committed@1");
    failpoints.reached("walk-fetched@3", &mut running).await;
    rotation.database.batch(meanwhile).await;
    failpoints.release("walk-fetched@3");
    passes(running.wait().await)
}

/// VACUUM FULL puts rows that the walk has still before it behind it.
#[tokio::test]
async fn a_table_that_is_rewritten_is_walked_again() {
    let server = server();
    let rotation = scattered(&server).await;
    // what comes last comes first after CLUSTER: ids descend from the start of the table
    let rewrite = "ALTER TABLE secrets SET (fillfactor = 100);
                   CLUSTER secrets USING secrets_pkey";
    assert_eq!(changed_under_the_walk(&rotation, rewrite).await, 3);
    rotation.expect_secrets((-50..=-1).chain(1..=ROWS)).await;
}

#[tokio::test]
async fn a_table_that_is_truncated_and_filled_is_walked_again() {
    let server = server();
    let rotation = scattered(&server).await;
    let refill = "BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM secrets;
                  TRUNCATE secrets; INSERT INTO secrets SELECT * FROM kept; COMMIT";
    let passes = changed_under_the_walk(&rotation, refill).await;
    assert_eq!(passes, 3);
    rotation.expect_secrets((-50..=-1).chain(1..=ROWS)).await;
}

/// A partition that is attached brings rows that are older than the barrier.
#[tokio::test]
async fn a_partition_that_is_attached_is_walked() {
    let server = server();
    let rotation = scattered(&server).await;
    let partitioned = "
        ALTER TABLE secrets RENAME TO first;
        CREATE TABLE secrets (LIKE first INCLUDING DEFAULTS, PRIMARY KEY (id))
            PARTITION BY RANGE (id);
        ALTER TABLE secrets ATTACH PARTITION first FOR VALUES FROM (-100) TO (5000);
        CREATE TABLE second (LIKE first INCLUDING DEFAULTS, PRIMARY KEY (id));";
    rotation.database.batch(partitioned).await;
    rotation.insert("second", 5_000..=5_010, &rotation.old).await;
    let attach = "ALTER TABLE secrets ATTACH PARTITION second FOR VALUES FROM (5000) TO (6000)";
    assert_eq!(changed_under_the_walk(&rotation, attach).await, 3);
    rotation.expect_secrets((-50..=-1).chain(1..=ROWS).chain(5_000..=5_010)).await;
}

/// Rows that are missing from the index of their key, as a changed collation leaves them: no walk in
/// key order meets them, and no lookup by key may be needed to write them.
#[tokio::test]
async fn rows_that_no_index_leads_to() {
    let server = server();
    let rotation = scattered(&server).await;
    rotation.run().run().await.expect(0);
    // far apart in the table, so that looking them up by key would be the cheaper plan
    let missing = [2_000, 3_000, 4_000, 5_000];
    let others = missing.map(|id| id + 1..=id + 120);
    for (id, others) in missing.into_iter().zip(others.clone()) {
        rotation.hide_from_index(id).await;
        rotation.insert("secrets", others, &rotation.new).await;
    }
    let status = rotation.command("run --workers 1").run().await.expect(0).json();
    assert_eq!(status["conflicts"], 0, "{status}");
    // the sample need not meet any of the four
    let passes = status["passes"].as_i64().expect("a number");
    assert!(passes <= 2, "the pass, if the sample shows need of it, and the walk: {status}");
    let others = others.into_iter().flatten();
    rotation.expect_secrets((1..=ROWS).chain(missing).chain(others)).await;
}

/// A run that gave up over a changing table is not stuck: the same command walks once more.
#[tokio::test]
async fn a_table_that_changed_once_too_often() {
    let server = server();
    let rotation = scattered(&server).await;
    let command = || rotation.run().arg("--max-passes").arg("2");
    let failpoints = Failpoints::hold("walk-fetched@3");
    let mut running = failpoints.on(command()).spawn();
    failpoints.reached("walk-fetched@3", &mut running).await;
    rotation.database.batch("VACUUM FULL secrets").await;
    failpoints.release("walk-fetched@3");
    let outcome = running.wait().await.expect(5);
    assert!(outcome.stderr.contains("keep changing under the walk"), "{}", outcome.stderr);
    assert_eq!(passes(command().run().await), 3);
}
