//! Transactions that wrote before the walk and are still open after it: waited for, or named.

use reseal::demo::server::ServerOptions;

use super::old_rows;
use super::support::{Failpoints, Rotation, private_server};

const ROWS: i64 = 300;

/// Row 7 gets an old value, and a new row 1000 too, in a transaction that stays open.
async fn write_old_values(rotation: &Rotation, client: &tokio_postgres::Client) {
    client.batch_execute("BEGIN").await.expect("a transaction");
    let update = "UPDATE secrets SET value = $1 WHERE id = 7";
    client.execute(update, &[&rotation.old_value(7)]).await.expect("row 7");
    let insert = "INSERT INTO secrets (id, value) VALUES (1000, $1)";
    client.execute(insert, &[&rotation.old_value(1000)]).await.expect("row 1000");
}

async fn status_of_run(rotation: &Rotation) -> String {
    let state = "SELECT state FROM reseal.run";
    rotation.client().await.query_one(state, &[]).await.expect("a run").get(0)
}

/// Expects the run to be completed, with both old values resealed.
async fn expect_all(rotation: &Rotation, ended: super::support::Outcome) {
    let status = ended.expect(0).json();
    assert_eq!(status["status"], "completed", "{status}");
    assert_eq!(status["remaining_records"], 0, "{status}");
    rotation.expect_secrets((1..=ROWS).chain([1000])).await;
}

#[tokio::test]
async fn an_open_transaction_is_waited_for_and_its_values_resealed() {
    let rotation = Rotation::of(ROWS).await;
    let writer = rotation.client().await;
    write_old_values(&rotation, &writer).await;
    let failpoints = Failpoints::hold("writers-open@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("writers-open@2", &mut running).await;
    assert_eq!(status_of_run(&rotation).await, "running");
    writer.batch_execute("COMMIT").await.expect("a commit");
    failpoints.release("writers-open@2");
    expect_all(&rotation, running.wait().await).await;
}

#[tokio::test]
async fn a_prepared_transaction_is_waited_for_and_its_values_resealed() {
    let rotation = Rotation::of(ROWS).await;
    let writer = rotation.client().await;
    write_old_values(&rotation, &writer).await;
    let gid = rotation.database.name().to_owned();
    writer.batch_execute(&format!("PREPARE TRANSACTION '{gid}'")).await.expect("prepared");
    let failpoints = Failpoints::hold("writers-open@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("writers-open@2", &mut running).await;
    writer.batch_execute(&format!("COMMIT PREPARED '{gid}'")).await.expect("a commit");
    failpoints.release("writers-open@2");
    expect_all(&rotation, running.wait().await).await;
}

/// One that rolls back uncovers the value it had written over. On a server of its own: a transaction
/// that is open elsewhere lowers the barrier, and the close would see the row by luck.
#[tokio::test]
async fn what_a_rollback_uncovers_is_resealed() {
    let server = private_server(ServerOptions::default());
    let rotation = Rotation::of_on(&server, ROWS).await;
    let writer = rotation.client().await;
    writer.batch_execute("BEGIN; DELETE FROM secrets WHERE id = 7").await.expect("a writer");
    let failpoints = Failpoints::hold("writers-open@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("writers-open@2", &mut running).await;
    writer.batch_execute("ROLLBACK").await.expect("a rollback");
    failpoints.release("writers-open@2");
    let status = running.wait().await.expect(0).json();
    assert_eq!(status["status"], "completed", "{status}");
    rotation.expect_secrets(1..=ROWS).await;
}

/// Past the patience the run ends in 5, names who is to blame, and can be resumed.
#[tokio::test]
async fn a_transaction_that_stays_open_is_named() {
    let rotation = Rotation::of(ROWS).await;
    let writer = rotation.client().await;
    let pid: i32 = writer.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    write_old_values(&rotation, &writer).await;
    let outcome = rotation.run().arg("--max-wait").arg("1s").run().await.expect(5);
    assert!(outcome.stderr.contains(&format!("process {pid}")), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("secrets"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("given up after"), "waited once: {}", outcome.stderr);
    assert_eq!(status_of_run(&rotation).await, "running");
    assert_eq!(rotation.status().await["status"], "interrupted");

    let verified = rotation.verify().arg("--max-wait").arg("1s").run().await.expect(5);
    assert!(verified.stderr.contains(&format!("process {pid}")), "{}", verified.stderr);
    writer.batch_execute("COMMIT").await.expect("a commit");
    expect_all(&rotation, rotation.run().run().await).await;
}

#[tokio::test]
async fn a_prepared_transaction_that_stays_is_named() {
    let rotation = Rotation::of(ROWS).await;
    let writer = rotation.client().await;
    write_old_values(&rotation, &writer).await;
    let gid = format!("left behind in {}", rotation.database.name());
    writer.batch_execute(&format!("PREPARE TRANSACTION '{gid}'")).await.expect("prepared");
    for command in [rotation.run(), rotation.verify()] {
        let outcome = command.arg("--max-wait").arg("1s").run().await.expect(5);
        assert!(outcome.stderr.contains(&gid), "{}", outcome.stderr);
    }
    assert_eq!(status_of_run(&rotation).await, "running");
    writer.batch_execute(&format!("COMMIT PREPARED '{gid}'")).await.expect("a commit");
    expect_all(&rotation, rotation.run().run().await).await;
}

/// `verify` waits as well, and sees what the transaction leaves.
#[tokio::test]
async fn verify_waits_for_an_open_transaction() {
    let rotation = Rotation::of(ROWS).await;
    rotation.run().run().await.expect(0);
    let writer = rotation.client().await;
    write_old_values(&rotation, &writer).await;
    let failpoints = Failpoints::hold("writers-open@2");
    let mut verifying = failpoints.on(rotation.verify()).spawn();
    failpoints.reached("writers-open@2", &mut verifying).await;
    writer.batch_execute("COMMIT").await.expect("a commit");
    failpoints.release("writers-open@2");
    verifying.wait().await.expect(1);
    assert_eq!(old_rows(&rotation).await, [7, 1000]);
}

/// Readers are nobody's business, however long they stay.
#[tokio::test]
async fn a_reader_is_not_waited_for() {
    let rotation = Rotation::of(ROWS).await;
    let reader = rotation.client().await;
    reader.batch_execute("BEGIN; SELECT count(*) FROM secrets").await.expect("a reader");
    rotation.run().arg("--max-wait").arg("0s").run().await.expect(0);
    rotation.verify().arg("--max-wait").arg("0s").run().await.expect(0);
    reader.batch_execute("COMMIT").await.expect("a commit");
}
