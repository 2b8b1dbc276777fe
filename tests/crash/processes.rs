//! Several processes with the same command: one run, one owner of each shard, one outcome.

use super::sessions::terminate_sessions;
use super::support::{Failpoints, Rotation, eventually};
use super::{ROWS, expect_undisturbed};

/// The run's row and its checkpoints: what no zombie may touch once the run has ended.
async fn ledger(rotation: &Rotation) -> Vec<String> {
    let statement = "SELECT r::text FROM reseal.run AS r
                     UNION ALL SELECT c::text FROM reseal.checkpoint AS c";
    let rows = rotation.client().await.query(statement, &[]).await.expect("the ledger");
    let mut rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    rows.sort();
    rows
}

/// A stands still beyond its lease, B takes over and finishes; A can commit nothing any more, and
/// ends as the run did.
async fn a_zombie_at(point: &str) {
    let rotation = Rotation::of(ROWS).await;
    let command = || rotation.command("run --workers 1 --page-rows-max 100 --lease 1s");
    let failpoints = Failpoints::hold(point);
    let mut zombie = failpoints.on(command()).spawn();
    failpoints.reached(point, &mut zombie).await;

    let finished = command().run().await.expect(0).json();
    expect_undisturbed(&rotation, &finished).await;
    let before = ledger(&rotation).await;
    failpoints.release(point);
    let outcome = zombie.wait().await.expect(0).json();
    assert_eq!(outcome, finished, "every process ends with the run's outcome");
    assert_eq!(ledger(&rotation).await, before, "the zombie wrote nothing");
    expect_undisturbed(&rotation, &outcome).await;
}

#[tokio::test]
async fn a_zombie_with_a_page_in_hand() {
    a_zombie_at("page-resealed@3").await;
}

#[tokio::test]
async fn a_zombie_with_an_empty_transaction() {
    a_zombie_at("transaction-begun@3").await;
}

#[tokio::test]
async fn a_zombie_in_the_close() {
    a_zombie_at("close-looked@1").await;
}

/// A wakes while B is at work on the shard that was A's: the fence turns its page away.
#[tokio::test]
async fn a_zombie_that_wakes_in_mid_run() {
    let rotation = Rotation::of(ROWS).await;
    let ours = Failpoints::hold("page-resealed@3").and_hold("idle@1");
    let brief = rotation.command("run --workers 1 --page-rows-max 100 --lease 1s");
    let mut zombie = ours.on(brief).spawn();
    ours.reached("page-resealed@3", &mut zombie).await;
    let theirs = Failpoints::hold("committed@2");
    let mut successor = theirs.on(rotation.run()).spawn();
    theirs.reached("committed@2", &mut successor).await;

    ours.release("page-resealed@3");
    ours.reached("idle@1", &mut zombie).await;
    ours.release("idle@1");
    theirs.release("committed@2");
    let finished = successor.wait().await.expect(0).json();
    assert_eq!(zombie.wait().await.expect(0).json(), finished);
    expect_undisturbed(&rotation, &finished).await;
}

/// Past the fence a process holds its checkpoint: nobody can rob it before its transaction has ended.
/// When the server has ended that, others take over, and what it had in hand is void.
#[tokio::test]
async fn a_zombie_past_the_fence() {
    let rotation = Rotation::of(ROWS).await;
    let failpoints = Failpoints::hold("fenced@3");
    let mut zombie = failpoints.on(rotation.run()).spawn();
    failpoints.reached("fenced@3", &mut zombie).await;
    terminate_sessions(&rotation.client().await).await;

    let finished = rotation.run().run().await.expect(0).json();
    let before = ledger(&rotation).await;
    failpoints.release("fenced@3");
    let outcome = zombie.wait().await.expect(0).json();
    assert_eq!(outcome, finished);
    assert_eq!(ledger(&rotation).await, before);
    expect_undisturbed(&rotation, &outcome).await;
}

/// The advisory lock under which ledgers and runs are created: "reseal" in ASCII.
const SETUP_LOCK: i64 = 0x0072_6573_6561_6c00;

/// Started at the same moment, they make one ledger and one run, and both wait for its end.
#[tokio::test]
async fn two_processes_finish_one_run() {
    let rotation = Rotation::of(ROWS).await;
    rotation.database.batch("CREATE TABLE more (id bigint PRIMARY KEY, value bytea)").await;
    rotation.insert("more", 1..=ROWS, &rotation.old).await;
    let command = || rotation.run().arg("-c").arg("more.value:go");
    let client = rotation.client().await;
    client.query("SELECT pg_advisory_lock($1)", &[&SETUP_LOCK]).await.expect("a lock");
    let (one, other) = (command().spawn(), command().spawn());
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually("both are about to make the ledger", async || {
        let waiting: i64 = client.query_one(waiting, &[]).await.expect("a superuser").get(0);
        (waiting == 2).then_some(())
    })
    .await;
    client.query("SELECT pg_advisory_unlock($1)", &[&SETUP_LOCK]).await.expect("a lock");
    let (one, other) = tokio::join!(one.wait(), other.wait());
    let (one, other) = (one.expect(0).json(), other.expect(0).json());
    assert_eq!(one, other);
    assert_eq!(one["total_records"], 2 * ROWS, "{one}");
    assert_eq!(one["resealed_records"], 2 * ROWS, "{one}");
    rotation.expect_written_once().await;
    rotation.expect_secrets(1..=ROWS).await;
    let started = "SELECT count(*) FROM reseal.audit_event WHERE event = 'run started'";
    let started: i64 = client.query_one(started, &[]).await.unwrap().get(0);
    assert_eq!(started, 1);
}

/// Somebody else holds the checkpoint: no page is small enough to help, so the page in hand is given
/// up, and the shard taken again once that is over.
#[tokio::test]
async fn a_checkpoint_that_somebody_holds() {
    let rotation = Rotation::of(ROWS).await;
    let failpoints = Failpoints::hold("page-resealed@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("page-resealed@2", &mut running).await;
    let (holder, observer) = (rotation.client().await, rotation.client().await);
    let hold = "BEGIN; SELECT FROM reseal.checkpoint FOR UPDATE";
    holder.batch_execute(hold).await.expect("the ledger");
    failpoints.release("page-resealed@2");
    let giving_up = "SELECT FROM pg_stat_activity WHERE datname = current_database()
                     AND wait_event_type = 'Lock' AND query LIKE '-- Gives back%'";
    eventually("the page is given up", async || {
        observer.query_opt(giving_up, &[]).await.expect("a superuser")
    })
    .await;
    holder.batch_execute("COMMIT").await.expect("the end of the lock");
    let status = running.wait().await.expect(0).json();
    expect_undisturbed(&rotation, &status).await;
}
