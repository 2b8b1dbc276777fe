//! What a close must not miss, and a verdict must not overlook.

use super::server;
use super::support::{Failpoints, Reseal, Rotation};

const ROWS: i64 = 300;

/// A transaction that is waited for as a session and prepared meanwhile is the same transaction.
#[tokio::test]
async fn a_writer_that_prepares_while_it_is_waited_for() {
    let server = server();
    let rotation = Rotation::of_on(&server, ROWS).await;
    let writer = rotation.client().await;
    writer.batch_execute("BEGIN").await.expect("a transaction");
    let insert = "INSERT INTO secrets (id, value) VALUES (1000, $1)";
    writer.execute(insert, &[&rotation.old_value(1000)]).await.expect("a row");
    let failpoints = Failpoints::hold("writers-open@2").and_hold("writers-open@4");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("writers-open@2", &mut running).await;
    writer.batch_execute("PREPARE TRANSACTION 'meanwhile'").await.expect("prepared");
    failpoints.release("writers-open@2");
    failpoints.reached("writers-open@4", &mut running).await;
    writer.batch_execute("COMMIT PREPARED 'meanwhile'").await.expect("a commit");
    failpoints.release("writers-open@4");
    running.wait().await.expect(0);
    rotation.expect_secrets((1..=ROWS).chain([1_000])).await;
}

/// Holds the run when the walk has read everything, puts a row in under the old key behind it, and holds
/// it again when the close has taken its snapshot. The close must find the row.
async fn written_behind_the_walk(rotation: &Rotation, at_the_walk: &str, at_the_close: &str) {
    let failpoints = Failpoints::hold("walk-fetched@1").and_hold("snapshot-taken@1");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("walk-fetched@1", &mut running).await;
    rotation.insert("secrets", [2_000], &rotation.old).await;
    rotation.database.batch(at_the_walk).await;
    failpoints.release("walk-fetched@1");
    failpoints.reached("snapshot-taken@1", &mut running).await;
    rotation.database.batch(at_the_close).await;
    failpoints.release("snapshot-taken@1");
    running.wait().await.expect(0);
    rotation.expect_secrets((1..=ROWS).chain([2_000])).await;
}

/// A table that is rewritten by ALTER TABLE looks empty to a snapshot from before.
#[tokio::test]
async fn a_table_that_is_rewritten_under_the_snapshot() {
    let server = server();
    let rotation = Rotation::of_on(&server, ROWS).await;
    let rewrite = "ALTER TABLE secrets ADD COLUMN extra uuid DEFAULT gen_random_uuid()";
    written_behind_the_walk(&rotation, "", rewrite).await;
}

/// A run that lay still while 2^31 transactions passed: the age of its barrier is negative.
#[tokio::test]
async fn a_barrier_that_is_too_old_to_be_compared() {
    let server = server();
    let rotation = Rotation::of_on(&server, ROWS).await;
    let age = "UPDATE reseal.checkpoint SET barrier = '2000000000' WHERE step = 'close'";
    written_behind_the_walk(&rotation, age, "").await;
}

/// A large value that was accepted fills what the closing look keeps: what comes after it counts too.
#[tokio::test]
async fn what_the_look_of_verify_cannot_keep_is_not_forgotten() {
    let rotation = Rotation::of(20).await;
    let client = rotation.client().await;
    let junk = vec![7_u8; 1 << 20];
    let insert = "INSERT INTO secrets (id, value) VALUES (1000, $1)";
    client.execute(insert, &[&junk]).await.expect("a value that nothing opens");
    rotation.run().run().await.expect(1);
    let accept = "failures accept 1 --reason lost";
    Reseal::new(accept).on(&rotation.database).run().await.expect(0);
    rotation.run().run().await.expect(0);
    let verify = || rotation.verify().arg("--page-bytes-max").arg("64KiB");
    verify().run().await.expect(0);

    client.batch_execute("BEGIN; UPDATE secrets SET writes = 0 WHERE id = 1000").await.unwrap();
    let update = "UPDATE secrets SET value = $1 WHERE id = 3";
    client.execute(update, &[&rotation.old_value(3)]).await.expect("row 3");
    let failpoints = Failpoints::hold("writers-open@1");
    let mut verifying = failpoints.on(verify()).spawn();
    failpoints.reached("writers-open@1", &mut verifying).await;
    client.batch_execute("COMMIT").await.expect("a commit");
    failpoints.release("writers-open@1");
    verifying.wait().await.expect(1);
}
