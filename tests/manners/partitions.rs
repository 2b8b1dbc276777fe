//! Partitions that go in the middle of a run: it goes on without them.

use crate::support::{Failpoints, Rotation};

/// Three partitions of a hundred rows each, old values in all of them.
async fn partitioned() -> Rotation {
    let rotation = Rotation::of(0).await;
    let partitions = "
        DROP TABLE secrets;
        CREATE TABLE secrets (id bigint PRIMARY KEY, value bytea, writes integer NOT NULL DEFAULT 0)
            PARTITION BY RANGE (id);
        CREATE TABLE first PARTITION OF secrets FOR VALUES FROM (1) TO (101);
        CREATE TABLE second PARTITION OF secrets FOR VALUES FROM (101) TO (201);
        CREATE TABLE third PARTITION OF secrets FOR VALUES FROM (201) TO (301);";
    rotation.database.batch(partitions).await;
    rotation.insert("secrets", 1..=300, &rotation.old).await;
    rotation
}

/// Holds a run there, changes the partitions, and expects it to complete with the rows that are left.
async fn goes_on_without(point: &str, ddl: &str, left: impl IntoIterator<Item = i64>) {
    let rotation = partitioned().await;
    let failpoints = Failpoints::hold(point);
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached(point, &mut running).await;
    rotation.database.batch(ddl).await;
    failpoints.release(point);
    let status = running.wait().await.expect(0).json();
    assert_eq!(status["status"], "completed", "{ddl}: {status}");
    rotation.expect_secrets(left).await;
}

#[tokio::test]
async fn a_partition_goes_before_it_was_read() {
    goes_on_without("page-resealed@1", "DROP TABLE second", (1..=100).chain(201..=300)).await;
    let detach = "ALTER TABLE secrets DETACH PARTITION third";
    goes_on_without("page-resealed@1", detach, 1..=200).await;
}

#[tokio::test]
async fn a_partition_goes_with_a_page_of_it_in_hand() {
    goes_on_without("page-resealed@1", "DROP TABLE first", 101..=300).await;
}

#[tokio::test]
async fn a_partition_goes_during_the_proof() {
    goes_on_without("walk-fetched@1", "DROP TABLE second", (1..=100).chain(201..=300)).await;
    goes_on_without("walk-fetched@3", "DROP TABLE first", 101..=300).await;
}
