//! Rows that others hold: left for later, whatever the strength of the lock, and not waited for.

use crate::support::{Failpoints, Rotation};

const ROWS: i64 = 1_000;

/// Ten rows of every page are held over the whole first pass. The pass goes on without them.
#[tokio::test]
async fn held_rows_are_left_for_later() {
    for lock in ["FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE"] {
        let rotation = Rotation::of(ROWS).await;
        let holder = rotation.client().await;
        let hold = format!("BEGIN; SELECT FROM secrets WHERE id % 10 = 0 {lock}");
        holder.batch_execute(&hold).await.expect("locks");
        let failpoints = Failpoints::hold("walk-fetched@1");
        let mut running = failpoints.on(rotation.run()).spawn();
        failpoints.reached("walk-fetched@1", &mut running).await;
        let rows = rotation.rows().await;
        let (held, free): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.id % 10 == 0);
        assert!(held.iter().all(|row| row.writes == 0), "{lock}");
        assert!(free.iter().all(|row| row.writes == 1), "{lock}");

        failpoints.release("walk-fetched@1");
        holder.batch_execute("COMMIT").await.expect("no transaction of the application fails");
        running.wait().await.expect(0);
        rotation.expect_secrets(1..=ROWS).await;
        rotation.expect_written_once().await;
    }
}

/// What a foreign key holds while a row that refers to it is written stands in nobody's way.
#[tokio::test]
async fn a_foreign_key_is_no_obstacle() {
    let rotation = Rotation::of(ROWS).await;
    let referring = "CREATE TABLE referring (secret bigint REFERENCES secrets)";
    rotation.database.batch(referring).await;
    let holder = rotation.client().await;
    let hold = "BEGIN; INSERT INTO referring SELECT id FROM secrets";
    holder.batch_execute(hold).await.expect("rows");
    let status = rotation.run().run().await.expect(0).json();
    assert_eq!(status["conflicts"], 0, "{status}");
    rotation.expect_written_once().await;
    holder.batch_execute("COMMIT").await.expect("no transaction of the application fails");
    rotation.expect_secrets(1..=ROWS).await;
}

/// While a page of ours is under way an application may insert a row that refers to one of ours.
#[tokio::test]
async fn a_page_is_no_obstacle_to_a_foreign_key() {
    let rotation = Rotation::of(ROWS).await;
    let referring = "CREATE TABLE referring (secret bigint REFERENCES secrets)";
    rotation.database.batch(referring).await;
    let failpoints = Failpoints::hold("rows-written@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("rows-written@2", &mut running).await;
    let insert = "SET lock_timeout = '10ms'; INSERT INTO referring VALUES (150)";
    rotation.database.batch(insert).await;
    failpoints.release("rows-written@2");
    running.wait().await.expect(0);
    rotation.expect_secrets(1..=ROWS).await;
}
