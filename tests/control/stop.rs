//! SIGTERM in the middle of a run: exit 4 well within a grace period, whatever the size of the table.
//!
//! `STOP_ROWS=1000000` repeats it with as many rows.

use std::time::{Duration, Instant};

use crate::support::{Failpoints, Rotation, Running, eventually};

/// What the job promises of a stop; a Kubernetes pod has 30 s.
const WITHIN: Duration = Duration::from_secs(5);

fn rows() -> i64 {
    std::env::var("STOP_ROWS").map_or(20_000, |rows| rows.parse().expect("a number of rows"))
}

/// Waits until the run is at this step and has done some of it.
async fn at_step(rotation: &Rotation, running: &mut Running, step: &str) {
    eventually(step, async || {
        assert!(!running.has_ended(), "it ended before: {}", running.stderr_so_far());
        let status = rotation.status().await;
        let is_there = status["step"] == step && status["processed_records"] != 0;
        is_there.then_some(())
    })
    .await;
}

async fn stopped(rotation: &Rotation, mut running: Running, step: &str) {
    at_step(rotation, &mut running, step).await;
    running.signal("TERM");
    let begun = Instant::now();
    let outcome = running.wait().await.expect(4);
    let took = begun.elapsed();
    println!("{} rows, {step}: exit 4 after {took:?}", rows());
    assert!(took < WITHIN, "{step}: {took:?}\n{}", outcome.stderr);
    assert_eq!(rotation.status().await["status"], "interrupted", "it released its shards");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_large_run_in_time_and_the_next_goes_on() {
    let rotation = Rotation::of(rows()).await;
    let slow = "run --workers 2 --page-rows-max 200";
    stopped(&rotation, rotation.command(slow).spawn(), "reseal").await;
    // its proof reads as fast as it can: a small table is met in the middle of it by a failpoint
    let points = Failpoints::hold("walk-fetched");
    let walking = rotation.command("run --workers 2").deadline(Duration::from_secs(1_800));
    let mut running = points.on(walking).spawn();
    // a large table takes longer than any other test waits
    while rows() > 100_000 && !points.is_reached("walk-fetched") && !running.has_ended() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    points.reached("walk-fetched", &mut running).await;
    running.signal("TERM");
    let begun = Instant::now();
    eventually("it has heard", async || {
        running.stderr_so_far().contains("asked to stop").then_some(())
    })
    .await;
    points.release("walk-fetched");
    running.wait().await.expect(4);
    println!("{} rows, walk: exit 4 after {:?}", rows(), begun.elapsed());
    assert!(begun.elapsed() < WITHIN, "{:?}", begun.elapsed());
    let finish = rotation.command("run --workers 2").deadline(Duration::from_secs(1_800));
    let report = finish.run().await.expect(0).json();
    assert_eq!((&report["run_id"], &report["resealed_records"]), (&1.into(), &rows().into()));
    rotation.expect_written_once().await;
}

/// DDL holds the table, and whoever reads it waits: a stop does not wait with it.
#[tokio::test]
async fn a_signal_ends_a_run_that_waits_for_a_lock() {
    let rotation = Rotation::of(300).await;
    let points = Failpoints::hold("page-resealed@2");
    let mut running = points.on(rotation.run()).spawn();
    points.reached("page-resealed@2", &mut running).await;
    let mut client = rotation.client().await;
    let altering = client.transaction().await.expect("a transaction");
    altering.batch_execute("LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    points.release("page-resealed@2");
    let waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let watcher = rotation.client().await;
    eventually("it waits for the lock", async || {
        watcher.query(waits, &[]).await.expect("sessions").first().map(drop)
    })
    .await;
    running.signal("TERM");
    let begun = Instant::now();
    running.wait().await.expect(4);
    assert!(begun.elapsed() < WITHIN, "{:?}", begun.elapsed());
    altering.rollback().await.expect("a rollback");
    rotation.run().run().await.expect(0);
    rotation.expect_written_once().await;
}
