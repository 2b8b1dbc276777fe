//! `kill -9` at every point between fetch and commit, and in the proof; then the same command again.

use super::support::{Failpoints, Rotation};
use super::{ROWS, expect_undisturbed};

/// SIGKILL.
const KILLED: Option<i32> = Some(9);

/// Kills a run there, and lets the same command finish it. The leases last an hour: only a look at
/// the dead process's backend can free its shard.
async fn killed_at(point: &str) {
    let rotation = Rotation::of(ROWS).await;
    let killed = Failpoints::kill(point).on(rotation.run()).run().await;
    assert_eq!(killed.signal, KILLED, "{point}: {}", killed.printed());

    let interrupted = rotation.interrupted().await;
    assert_eq!(interrupted["completed_at"], serde_json::Value::Null, "{interrupted}");
    let status = rotation.run().run().await.expect(0).json();
    assert_eq!(status["run_id"], interrupted["run_id"], "the same run goes on");
    expect_undisturbed(&rotation, &status).await;
}

/// One test a point, at its first occurrence and in mid-run.
macro_rules! killed_at {
    ($($name:ident: $($point:literal)+;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $(killed_at($point).await;)+
            }
        )*
    };
}

killed_at! {
    when_a_page_was_fetched: "page-fetched@1" "page-fetched@4";
    when_a_page_was_resealed: "page-resealed@1" "page-resealed@4";
    when_a_transaction_was_begun: "transaction-begun@1" "transaction-begun@4";
    when_it_passed_the_fence: "fenced@1" "fenced@4";
    when_rows_were_written: "rows-written@1" "rows-written@4";
    when_the_checkpoint_was_moved: "checkpoint-moved@1" "checkpoint-moved@4";
    before_the_commit: "before-commit@1" "before-commit@4";
    after_the_commit: "committed@1" "committed@4";
    in_the_walk: "walk-fetched@1";
    after_the_closing_look: "close-looked@1";
    before_the_end: "before-end@1";
}

/// Every resumption may be killed as well.
#[tokio::test]
async fn again_and_again() {
    let rotation = Rotation::of(ROWS).await;
    let mut kills = 0;
    let ended = loop {
        let outcome = Failpoints::kill("before-commit@2").on(rotation.run()).run().await;
        if outcome.signal != KILLED {
            break outcome;
        }
        kills += 1;
        rotation.interrupted().await;
    };
    assert!(kills > 3, "killed {kills} times");
    expect_undisturbed(&rotation, &ended.expect(0).json()).await;
}
