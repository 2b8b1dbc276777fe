//! The standby is promoted in mid-run, and the program finds it by the next host of its URL. Rows and
//! checkpoint are one transaction there too: the run goes on wherever the standby was.

use super::support::{Failpoints, Reseal, Rotation, TestKey, eventually, seal};
use super::{Pair, ROWS};

impl Pair {
    /// Both servers, whichever takes writes.
    fn either(&self, command: Reseal) -> Reseal {
        let words = format!(
            "host=127.0.0.1,127.0.0.1 port={},{} user=postgres password={} dbname={} \
             target_session_attrs=read-write",
            self.primary.port(),
            self.standby.port(),
            self.primary.password(),
            self.rotation.database.name()
        );
        command.env("DATABASE_URL", words)
    }

    /// Waits until the standby has everything that was committed so far.
    async fn catch_up(&self) {
        let primary = self.rotation.client().await;
        // durable, and with it everything before
        let now = "SELECT pg_current_wal_insert_lsn()::text FROM txid_current()";
        let lsn: String = primary.query_one(now, &[]).await.expect("a position").get(0);
        primary.batch_execute("CHECKPOINT").await.expect("a checkpoint");
        let replayed = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn";
        let standby = self.standby_client().await;
        eventually("the standby has caught up", async || {
            let row = standby.query_one(replayed, &[&lsn]).await.expect("a position");
            row.get::<_, bool>(0).then_some(())
        })
        .await;
    }

    /// From now on the standby hears nothing.
    async fn cut_off(&self) {
        self.catch_up().await;
        let standby = self.standby_client().await;
        for statement in ["ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"] {
            standby.batch_execute(statement).await.expect("a setting");
        }
        let receivers = "SELECT count(*) FROM pg_stat_wal_receiver";
        eventually("nothing is received", async || {
            let row = standby.query_one(receivers, &[]).await.expect("a count");
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
    }

    /// The primary dies, the standby takes its place.
    async fn fail_over(&mut self) {
        self.primary.crash().expect("it stops");
        let promote = "SELECT pg_promote()";
        self.standby_client().await.query(promote, &[]).await.expect("a promotion");
    }
}

async fn write_old(rotation: &Rotation, id: i64) {
    let update = "UPDATE secrets SET value = $1 WHERE id = $2";
    let value = rotation.old_value(id);
    rotation.client().await.execute(update, &[&value, &id]).await.expect("a row");
}

fn expect_exact(status: &serde_json::Value) {
    let count = |name: &str| status[name].as_i64().expect(name);
    let counts = ["total_records", "processed_records", "resealed_records"].map(count);
    assert_eq!(counts, [ROWS; 3], "{status}");
    assert_eq!((&status["status"], &status["conflicts"]), (&"completed".into(), &0.into()));
    assert_eq!(status["proof"]["timeline"], 2, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_with_a_standby_that_has_everything() {
    let mut pair = Pair::of(ROWS).await;
    let failpoints = Failpoints::hold("page-resealed@4");
    let mut running = failpoints.on(pair.either(pair.rotation.run())).spawn();
    failpoints.reached("page-resealed@4", &mut running).await;
    pair.catch_up().await;
    pair.fail_over().await;
    failpoints.release("page-resealed@4");
    expect_exact(&running.wait().await.expect(0).json());
    pair.followed().expect_secrets(1..=ROWS).await;
    pair.followed().expect_written_once().await;
}

/// Pages 3 and 4, and writes of the application, never reached the standby.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_with_a_standby_that_lost_commits() {
    let mut pair = Pair::of(ROWS).await;
    let failpoints = Failpoints::hold("committed@2").and_hold("page-resealed@5");
    let mut running = failpoints.on(pair.either(pair.rotation.run())).spawn();
    failpoints.reached("committed@2", &mut running).await;
    pair.cut_off().await;
    failpoints.release("committed@2");
    failpoints.reached("page-resealed@5", &mut running).await;
    pair.fail_over().await;
    let followed = pair.followed();
    let resealed = followed.rows().await.iter().filter(|row| row.writes > 0).count();
    assert_eq!(resealed, 200, "two pages reached the standby");
    // the application is there already, and not yet restarted with the new key
    write_old(&followed, 550).await;
    failpoints.release("page-resealed@5");
    expect_exact(&running.wait().await.expect(0).json());
    followed.expect_secrets(1..=ROWS).await;
    let rows = followed.rows().await;
    assert!(rows.iter().all(|row| row.writes == 1 + i32::from(row.id == 550)));
}

/// The standby has never heard of the run, and there another run has its id by now, under other keys:
/// the process must not work for that one.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_standby_never_heard_of_is_gone() {
    let mut pair = Pair::of(ROWS).await;
    Reseal::new("ledger").on(&pair.rotation.database).run().await.expect(0);
    pair.cut_off().await;
    let failpoints = Failpoints::hold("page-resealed@2");
    let mut running = failpoints.on(pair.either(pair.rotation.run())).spawn();
    failpoints.reached("page-resealed@2", &mut running).await;
    pair.fail_over().await;

    let mut other = pair.followed();
    other.new = TestKey::random();
    let other_points = Failpoints::hold("page-resealed@2");
    let mut other_running = other_points.on(other.run()).spawn();
    other_points.reached("page-resealed@2", &mut other_running).await;
    assert_eq!(other.status().await["run_id"], 1, "the case that this test is about");
    failpoints.release("page-resealed@2");
    let gone = running.wait().await.expect(5);
    assert!(gone.stderr.contains("the run is gone from the ledger"), "{}", gone.stderr);
    other_points.release("page-resealed@2");
    other_running.wait().await.expect(0);
    other.expect_secrets(1..=ROWS).await;
    other.expect_written_once().await;
}

/// A proof is about the timeline that it was made on, whatever reached the standby.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_void_after_a_failover() {
    let mut pair = Pair::of(ROWS).await;
    pair.rotation.run().run().await.expect(0);
    pair.cut_off().await;
    let value = seal(&pair.rotation.new, "go", b"", b"lost");
    let update = "UPDATE secrets SET value = $1 WHERE id = 1";
    pair.rotation.client().await.execute(update, &[&value]).await.expect("row 1");
    pair.fail_over().await;
    let followed = pair.followed();
    let status = followed.status().await;
    assert_eq!(status["status"], "completed", "{status}");
    assert!(status["advice"][0].as_str().unwrap().contains("the proof is void"), "{status}");
    let again = pair.either(followed.run()).run().await.expect(0).json();
    assert_eq!(again["proof"]["timeline"], 2, "{again}");
    assert!(!again.to_string().contains("void"), "{again}");
}
