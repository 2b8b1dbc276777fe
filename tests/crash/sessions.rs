//! Sessions that are cut off, and signals that ask the process to stop.

use tokio_postgres::Client;

use super::support::{Failpoints, Rotation, eventually};
use super::{ROWS, expect_undisturbed};

/// A database administrator ends every session of the job.
async fn terminated_at(point: &str) {
    let rotation = Rotation::of(ROWS).await;
    let failpoints = Failpoints::hold(point);
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached(point, &mut running).await;
    assert!(terminate_sessions(&rotation.client().await).await > 0, "no session at {point}");
    failpoints.release(point);
    let status = running.wait().await.expect(0).json();
    expect_undisturbed(&rotation, &status).await;
}

/// Ends all other sessions in the database, and waits until they are gone.
pub async fn terminate_sessions(client: &Client) -> usize {
    let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()
                       AND backend_type = 'client backend'";
    let ended = client.query(statement, &[]).await.expect("a superuser").len();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                  AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    eventually("the other sessions are gone", async || {
        let left: i64 = client.query_one(others, &[]).await.expect("a superuser").get(0);
        (left == 0).then_some(())
    })
    .await;
    ended
}

#[tokio::test]
async fn terminated_before_the_transaction() {
    terminated_at("page-resealed@3").await;
}

#[tokio::test]
async fn terminated_within_the_transaction() {
    terminated_at("rows-written@3").await;
    terminated_at("before-commit@3").await;
}

#[tokio::test]
async fn terminated_after_the_commit_and_in_the_proof() {
    terminated_at("committed@3").await;
    terminated_at("before-end@1").await;
}

/// SIGTERM finishes the page in hand, gives back what is held, and ends in 4.
#[tokio::test]
async fn the_first_signal_finishes_the_page_in_hand() {
    for signal in ["TERM", "INT"] {
        let rotation = Rotation::of(ROWS).await;
        let failpoints = Failpoints::hold("page-resealed@2");
        let mut running = failpoints.on(rotation.run()).spawn();
        failpoints.reached("page-resealed@2", &mut running).await;
        running.signal(signal);
        eventually("the signal is heard", async || {
            running.stderr_so_far().contains("asked to stop").then_some(())
        })
        .await;
        failpoints.release("page-resealed@2");
        let outcome = running.wait().await.expect(4);
        assert!(outcome.stderr.contains("the same command resumes"), "{}", outcome.stderr);

        let written = rotation.rows().await.iter().filter(|row| row.writes == 1).count();
        assert_eq!(written, 200, "the page in hand was finished, and no other begun");
        assert_eq!(held_shards(&rotation).await, 0);
        assert_eq!(rotation.status().await["status"], "interrupted");
        let status = rotation.run().run().await.expect(0).json();
        expect_undisturbed(&rotation, &status).await;
    }
}

async fn held_shards(rotation: &Rotation) -> i64 {
    let statement = "SELECT count(*) FROM reseal.checkpoint
                     WHERE NOT done AND (owner IS NOT NULL OR lease_until IS NOT NULL)";
    rotation.client().await.query_one(statement, &[]).await.expect("the ledger").get(0)
}

/// The second signal stops at once, in the middle of a transaction.
#[tokio::test]
async fn the_second_signal_stops_at_once() {
    let rotation = Rotation::of(ROWS).await;
    let failpoints = Failpoints::hold("rows-written@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("rows-written@2", &mut running).await;
    running.signal("TERM");
    eventually("the signal is heard", async || {
        running.stderr_so_far().contains("asked to stop").then_some(())
    })
    .await;
    running.signal("TERM");
    running.wait().await.expect(4);
    rotation.interrupted().await;
    let status = rotation.run().run().await.expect(0).json();
    expect_undisturbed(&rotation, &status).await;
}
