//! Rows that others hold locked are left for later, and never forgotten.

use reseal::demo::server::ServerOptions;

use super::support::{Failpoints, Rotation, private_server};

const ROWS: i64 = 300;

/// The lock is kept over the whole walk: the row keeps its old value and its old transaction id, so no
/// close would look at it again.
#[tokio::test]
async fn a_row_that_is_locked_over_the_walk_is_resealed_afterwards() {
    let server = private_server(ServerOptions::default());
    let rotation = Rotation::of_on(&server, ROWS).await;
    let holder = rotation.client().await;
    let hold = "BEGIN; SELECT FROM secrets WHERE id IN (7, 150) FOR UPDATE";
    holder.batch_execute(hold).await.expect("two locks");
    // the walk is over, and so is the first look of the close
    let failpoints = Failpoints::hold("close-looked@1");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("close-looked@1", &mut running).await;
    holder.batch_execute("COMMIT").await.expect("the end of the locks");
    failpoints.release("close-looked@1");
    let status = running.wait().await.expect(0).json();
    assert_eq!(status["status"], "completed", "{status}");
    assert_eq!(status["total_records"], ROWS, "{status}");
    assert_eq!(status["resealed_records"], ROWS, "{status}");
    // what the walk had left to the close is done in its table too
    assert_eq!(status["tables"][0]["processed_records"], ROWS, "{status}");
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
}

/// One who never lets go is named.
#[tokio::test]
async fn whoever_never_lets_go_is_named() {
    let rotation = Rotation::of(ROWS).await;
    let holder = rotation.client().await;
    let pid: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    holder.batch_execute("BEGIN; SELECT FROM secrets WHERE id = 7 FOR UPDATE").await.unwrap();
    let outcome = rotation.run().arg("--max-wait").arg("1s").run().await.expect(5);
    assert!(outcome.stderr.contains(&format!("process {pid}")), "{}", outcome.stderr);
    let written = rotation.rows().await.iter().filter(|row| row.writes == 1).count();
    assert_eq!(written, 299, "all others are done");
    holder.batch_execute("ROLLBACK").await.expect("the end of the lock");
    rotation.run().run().await.expect(0);
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
}

/// A row that is held, and that no index leads to: it cannot be found by its key to be settled, and
/// still the close does not look past it.
#[tokio::test]
async fn a_held_row_that_no_index_leads_to_is_not_forgotten() {
    let server = private_server(ServerOptions::default());
    let rotation = Rotation::of_on(&server, ROWS).await;
    rotation.hide_from_index(1_000).await;
    let holder = rotation.client().await;
    let hold = "SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_seqscan = on;
                BEGIN; SELECT FROM secrets WHERE id + 0 = 1000 FOR UPDATE";
    holder.batch_execute(hold).await.expect("a lock");
    let failpoints = Failpoints::hold("close-looked@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("close-looked@2", &mut running).await;
    holder.batch_execute("COMMIT").await.expect("the end of the lock");
    failpoints.release("close-looked@2");
    running.wait().await.expect(0);
    rotation.expect_secrets((1..=ROWS).chain([1_000])).await;
}
