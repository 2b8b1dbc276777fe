//! Processes that share a run, or should not.

use super::support::{Failpoints, Reseal, Rotation, TestKey};

/// The token of a Job names its run, whatever keys the Job's pods are given later: a pod with other
/// keys must not carry on where the first one left off.
#[tokio::test]
async fn a_token_does_not_lend_a_run_to_other_keys() {
    let rotation = Rotation::of(300).await;
    let named = |command: Reseal| command.env("RESEAL_RUN_TOKEN", "job");
    let killed = Failpoints::kill("committed@2").on(named(rotation.run())).run().await;
    assert_eq!(killed.signal, Some(9));

    let third = TestKey::random();
    let with_third =
        || rotation.run().current_key(&third).previous_keys(&[&rotation.old, &rotation.new]);
    let refused = named(with_third()).run().await.expect(3);
    assert!(refused.stderr.contains("RESEAL_RUN_TOKEN"), "{}", refused.stderr);
    // without the token it is another run, that supersedes the first
    let status = with_third().run().await.expect(0).json();
    assert_eq!((&status["run_id"], &status["resealed_records"]), (&2.into(), &300.into()));
}

/// Patience is for trouble without progress: pages that were committed in between count.
#[tokio::test]
async fn trouble_long_after_trouble_is_borne() {
    let rotation = Rotation::of(300).await;
    let points = ["committed@1", "committed@3"];
    let failpoints = Failpoints::hold(points[0]).and_hold(points[1]);
    let command = rotation.command("run --workers 1 --page-rows-max 50 --retry-for 2s");
    let mut running = failpoints.on(command).spawn();
    for point in points {
        failpoints.reached(point, &mut running).await;
        // longer than --retry-for: what is asked for is that time has passed
        tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
        let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE datname = current_database() AND application_name LIKE 'reseal%'";
        rotation.database.batch(terminate).await;
        failpoints.release(point);
    }
    running.wait().await.expect(0);
    rotation.expect_written_once().await;
}

/// What a role may not see of another's session is no sign that it is dead.
#[tokio::test]
async fn a_worker_of_another_role_is_not_taken_for_dead() {
    let rotation = Rotation::of(300).await;
    Reseal::new("ledger").on(&rotation.database).run().await.expect(0);
    let role = |n: i32| format!("{}_role_{n}", rotation.database.name());
    for role in [role(1), role(2)] {
        let grants = format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT SELECT, UPDATE ON secrets TO {role};
             GRANT USAGE ON SCHEMA reseal TO {role};
             GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA reseal TO {role}"
        );
        rotation.database.batch(&grants).await;
    }
    let run = |n| rotation.run().env("DATABASE_URL", rotation.database.url_of(&role(n), "p"));
    let at_work = Failpoints::hold("page-fetched@2");
    let mut first = at_work.on(run(1)).spawn();
    at_work.reached("page-fetched@2", &mut first).await;
    let idle = Failpoints::hold("idle@1");
    let mut second = idle.on(run(2)).spawn();
    idle.reached("idle@1", &mut second).await;
    at_work.release("page-fetched@2");
    idle.release("idle@1");
    for process in [first, second] {
        let status = process.wait().await.expect(0).json();
        assert_eq!(status["resealed_records"], 300, "{status}");
    }
    rotation.expect_written_once().await;
    for role in [role(1), role(2)] {
        rotation.database.batch(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    }
}
