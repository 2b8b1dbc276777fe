//! The failure policy, fed with the exit codes of the real program as it ends in real trouble.

use super::failure_policy::{FailedPod, Reaction, Standing, reaction, standing};
use super::manifests::jobs;
use super::support::{Failpoints, Reseal, Rotation, TestKey};

const ROWS: i64 = 400;

/// A port at which nobody listens, given up on soon.
fn unreachable(reseal: Reseal) -> Reseal {
    reseal
        .env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
        .env("RESEAL_RETRY_FOR", "0s")
}

/// A run that is told to stop in the middle.
async fn interrupted(rotation: &Rotation, token: &str) -> i64 {
    let failpoints = Failpoints::hold("page-resealed@2");
    let run = failpoints.on(rotation.run()).env("RESEAL_RUN_TOKEN", token);
    let mut running = run.spawn();
    failpoints.reached("page-resealed@2", &mut running).await;
    running.signal("TERM");
    failpoints.release("page-resealed@2");
    code(&running.wait().await)
}

fn code(outcome: &super::support::Outcome) -> i64 {
    i64::from(outcome.code.expect("an exit code, no signal"))
}

/// Fails the test unless the program ended so, and every Job then does this.
fn expect(ended: i64, exit_code: i64, right: Reaction) {
    assert_eq!(ended, exit_code);
    for job in jobs() {
        let found = reaction(&job, FailedPod::with(ended));
        assert_eq!(found, right, "{}: exit code {ended}", job.path);
    }
}

#[tokio::test]
async fn a_value_that_no_key_opens_ends_the_job() {
    let rotation = Rotation::of(ROWS).await;
    rotation.insert("secrets", [ROWS + 1], &TestKey::random()).await;
    expect(code(&rotation.run().run().await), 1, Reaction::FailJob);
}

#[tokio::test]
async fn a_wrong_word_and_a_wrong_key_end_the_job() {
    let rotation = Rotation::of(1).await;
    expect(code(&rotation.run().arg("--worker").run().await), 2, Reaction::FailJob);
    let no_key = rotation.run().env("ENCRYPTION_KEY", "not a key").run().await;
    expect(code(&no_key), 2, Reaction::FailJob);
}

#[tokio::test]
async fn a_refusal_ends_the_job() {
    let rotation = Rotation::of(ROWS).await;
    rotation.database.batch("ALTER TABLE secrets DROP CONSTRAINT secrets_pkey").await;
    expect(code(&rotation.run().run().await), 3, Reaction::FailJob);
}

#[tokio::test]
async fn a_signal_lets_another_pod_go_on() {
    let rotation = Rotation::of(ROWS).await;
    expect(interrupted(&rotation, "the-uid").await, 4, Reaction::Ignore);
}

#[tokio::test]
async fn a_database_that_is_away_counts() {
    let rotation = Rotation::of(1).await;
    expect(code(&unreachable(rotation.run()).run().await), 5, Reaction::Count);
}

/// A pod of the same Job would begin at once what should wait for the next window.
#[tokio::test]
async fn a_budget_that_is_spent_ends_the_job_and_the_next_one_goes_on() {
    let rotation = Rotation::of(ROWS).await;
    let canary = rotation.run().arg("--max-records").arg("100");
    let spent = canary.env("RESEAL_RUN_TOKEN", "monday").run().await;
    expect(code(&spent), 6, Reaction::FailJob);
    let unfinished = rotation.interrupted().await;
    let next = rotation.run().env("RESEAL_RUN_TOKEN", "tuesday").run().await.expect(0).json();
    assert_eq!(next["run_id"], unfinished["run_id"]);
    rotation.expect_written_once().await;
}

#[tokio::test]
async fn a_bug_ends_the_job() {
    let rotation = Rotation::of(ROWS).await;
    let run = rotation.run().env("RESEAL_FAILPOINT", "page-fetched=panic:a bug");
    expect(code(&run.run().await), 70, Reaction::FailJob);
}

/// A Job whose first pod is stopped, whose second one finds no database, and whose third one ends the
/// run; a fourth, started late, says what the third one did and begins nothing.
#[tokio::test]
async fn the_pods_of_one_job() {
    let rotation = Rotation::of(ROWS).await;
    let token = "6f0e6ef2-0f5b-4f0a-9a3f-8a9c1f1f7d11";
    let mut codes = vec![interrupted(&rotation, token).await];
    codes.push(code(&unreachable(rotation.run()).run().await));
    for job in jobs() {
        assert_eq!(standing(&job, &codes), Standing::Retrying { counted: 1 }, "{}", job.path);
    }
    let last = rotation.run().env("RESEAL_RUN_TOKEN", token).run().await;
    codes.push(code(&last));
    for job in jobs() {
        assert_eq!(standing(&job, &codes), Standing::Complete, "{}", job.path);
    }
    rotation.expect_written_once().await;
    let late = rotation.run().env("RESEAL_RUN_TOKEN", token).run().await.expect(0);
    assert_eq!(late.json()["run_id"], last.json()["run_id"]);
}

/// The next Job has another uid: it goes on with the run that its predecessor left unfinished.
#[tokio::test]
async fn the_next_job_goes_on_where_the_last_one_stopped() {
    let rotation = Rotation::of(ROWS).await;
    interrupted(&rotation, "monday").await;
    let unfinished = rotation.interrupted().await;
    let next = rotation.run().env("RESEAL_RUN_TOKEN", "tuesday").run().await.expect(0).json();
    assert_eq!(next["run_id"], unfinished["run_id"]);
    rotation.expect_written_once().await;
}
