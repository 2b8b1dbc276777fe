//! A run that rests, and goes on.

use crate::support::{Failpoints, Reseal, Rotation, eventually};
use crate::{events, resealed, stands, told};

#[tokio::test]
async fn a_run_rests_within_one_page_and_goes_on() {
    let rotation = Rotation::of(1_000).await;
    let points = Failpoints::hold("page-resealed@3");
    let mut running = points.on(rotation.run()).spawn();
    points.reached("page-resealed@3", &mut running).await;
    assert_eq!(told(&rotation, "pause").await, "run 1 rests within one page");
    points.release("page-resealed@3");

    eventually("it says that it rests", async || {
        running.stderr_so_far().contains("paused").then_some(())
    })
    .await;
    let status = stands(&rotation, "paused").await;
    assert_eq!(status["resealed_records"], 200, "the page in hand was not committed: {status}");
    assert_eq!(status["waiting"][0]["reason"], "paused", "{status}");
    let by = status["waiting"][0]["text"].as_str().expect("a text");
    assert!(by.starts_with("paused by "), "{by}");
    assert!(told(&rotation, "pause --run 1").await.contains(by), "it says by whom it is paused");

    assert!(told(&rotation, "resume").await.starts_with("run 1 goes on"));
    let log = running.wait().await.expect(0).stderr;
    for heard in ["INFO paused run=1 by=", "INFO goes on run=1 by="] {
        assert!(log.contains(heard), "no {heard} in: {log}");
    }
    rotation.expect_secrets(1..=1_000).await;
    rotation.expect_written_once().await;
    let audited = ["run started", "run paused", "run unpaused", "run ended"];
    assert_eq!(events(&rotation).await, audited);
}

/// Every process of a run rests, and one that comes later does too.
#[tokio::test]
async fn who_comes_to_a_paused_run_waits() {
    let rotation = Rotation::of(300).await;
    let killed = Failpoints::kill("page-resealed@2").on(rotation.run()).run().await;
    assert_eq!(killed.signal, Some(9));
    rotation.interrupted().await;
    assert_eq!(told(&rotation, "pause").await, "run 1 rests; nobody was at work on it");
    let late = rotation.run().spawn();
    eventually("it has heard", async || late.stderr_so_far().contains("paused").then_some(()))
        .await;
    assert_eq!(resealed(&rotation).await, 100);
    told(&rotation, "resume").await;
    assert_eq!(told(&rotation, "resume").await, "run 1 was not paused");
    late.wait().await.expect(0);
    rotation.expect_written_once().await;
}

#[tokio::test]
async fn a_signal_ends_the_rest() {
    let rotation = Rotation::of(300).await;
    let points = Failpoints::hold("page-resealed@2");
    let mut running = points.on(rotation.run()).spawn();
    points.reached("page-resealed@2", &mut running).await;
    told(&rotation, "pause").await;
    points.release("page-resealed@2");
    eventually("it rests", async || running.stderr_so_far().contains("paused").then_some(())).await;
    running.signal("TERM");
    running.wait().await.expect(4);
    assert_eq!(stands(&rotation, "paused").await["resealed_records"], 100);
    // abandon counts more than a pause, and is not taken back
    assert_eq!(told(&rotation, "abandon").await, "run 1 is ended");
    Reseal::new("resume").on(&rotation.database).run().await.expect(2);
}

/// A close looks at a whole table in one statement; who waits for transactions has none at all.
#[tokio::test]
async fn a_close_that_waits_rests_too() {
    let rotation = Rotation::of(50).await;
    let mut writer = rotation.client().await;
    let open = writer.transaction().await.expect("a transaction");
    open.execute("UPDATE secrets SET writes = writes WHERE id = 1", &[]).await.expect("a write");
    let points = Failpoints::hold("writers-open");
    let mut running = points.on(rotation.run()).spawn();
    points.reached("writers-open", &mut running).await;
    told(&rotation, "pause").await;
    points.release("writers-open");
    eventually("it rests", async || running.stderr_so_far().contains("paused").then_some(())).await;
    assert!(!running.stderr_so_far().contains("trying again"), "{}", running.stderr_so_far());
    open.commit().await.expect("a commit");
    told(&rotation, "resume").await;
    running.wait().await.expect(0);
}
