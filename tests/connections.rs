//! A server, or a role, without a connection left: borne for a while, then told in clear words.
#![cfg(feature = "failpoints")]

mod support;

use std::sync::Mutex;

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use support::{Failpoints, Reseal, Rotation, eventually, private_server};
use tokio_postgres::{Client, NoTls};

const ROWS: i64 = 600;

/// What ordinary roles may have of `max_connections`.
const CONNECTIONS: usize = 5;

/// A rotation on a small server, as an ordinary role.
struct Crowded {
    rotation: Rotation,
    url: String,
    server: ThrowawayServer,
}

impl Crowded {
    async fn create(rows: i64) -> Self {
        let small = ServerOptions::default()
            .setting("max_connections", &(CONNECTIONS + 3).to_string())
            .setting("superuser_reserved_connections", "3")
            .setting("max_wal_senders", "0")
            .setting("autovacuum", "off");
        let server = private_server(small);
        let rotation = Rotation::of_on(&server, rows).await;
        let role = format!(
            "CREATE ROLE job LOGIN PASSWORD 'x'; GRANT SELECT, UPDATE ON secrets TO job;
             GRANT CREATE ON DATABASE {} TO job;
             CREATE ROLE crowd LOGIN PASSWORD 'x'",
            rotation.database.name()
        );
        rotation.database.batch(&role).await;
        let url = rotation.database.url_of("job", "x");
        Self { rotation, url, server }
    }

    fn run(&self, words: &str) -> Reseal {
        self.rotation.command(&format!("run {words}")).env("DATABASE_URL", &self.url)
    }

    /// Takes every connection that ordinary roles may have, also those that the job has; one of them as a superuser.
    async fn fill(&self) -> Vec<Client> {
        let url = self.rotation.database.url_of("crowd", "x");
        let superuser = self.rotation.client().await;
        let crowd = Mutex::new(Vec::new());
        eventually("every connection is taken", async || {
            // what has just ended may still count for a moment, and the job connects again
            let end =
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'job'";
            superuser.query(end, &[]).await.expect("an end");
            while let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
                tokio::spawn(connection);
                crowd.lock().expect("no panic").push(client);
            }
            (crowd.lock().expect("no panic").len() == CONNECTIONS - 1).then_some(())
        })
        .await;
        let mut crowd = crowd.into_inner().expect("no panic");
        crowd.push(superuser);
        crowd
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_a_free_connection() {
    let crowded = Crowded::create(ROWS).await;
    let crowd = crowded.fill().await;
    let mut running = crowded.run("--workers 1").spawn();
    eventually("the job is turned away", async || {
        assert!(!running.has_ended(), "{}", running.stderr_so_far());
        crowded.server.log().contains("connection slots are reserved").then_some(())
    })
    .await;
    drop(crowd);
    running.wait().await.expect(0);
    crowded.rotation.expect_secrets(1..=ROWS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_a_free_connection() {
    let crowded = Crowded::create(ROWS).await;
    let failpoints = Failpoints::hold("page-resealed@3");
    let mut running = failpoints.on(crowded.run("--workers 1 --page-rows-max 100")).spawn();
    failpoints.reached("page-resealed@3", &mut running).await;
    let crowd = crowded.fill().await;
    failpoints.release("page-resealed@3");
    eventually("the job is turned away", async || {
        assert!(!running.has_ended(), "{}", running.stderr_so_far());
        running.stderr_so_far().contains("the server has no connection left").then_some(())
    })
    .await;
    drop(crowd);
    let status = running.wait().await.expect(0).json();
    assert_eq!(status["resealed_records"], ROWS, "{status}");
    crowded.rotation.expect_secrets(1..=ROWS).await;
    crowded.rotation.expect_written_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_full_ends_in_5() {
    let crowded = Crowded::create(ROWS).await;
    let crowd = crowded.fill().await;
    let given_up = crowded.run("--retry-for 1s").run().await.expect(5);
    for words in ["the server has no connection left", "given up after", "lower max_connections"] {
        assert!(given_up.stderr.contains(words), "{words}: {}", given_up.stderr);
    }
    drop(crowd);
    crowded.run("").run().await.expect(0);
    crowded.rotation.expect_secrets(1..=ROWS).await;
}

/// In mid-run: the ledger cannot be asked any more either, and what is known without it is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_without_a_connection_says_which_it_was() {
    let crowded = Crowded::create(ROWS).await;
    let failpoints = Failpoints::hold("page-resealed@3");
    let words = "--workers 1 --page-rows-max 100 --retry-for 1s";
    let mut running = failpoints.on(crowded.run(words)).spawn();
    failpoints.reached("page-resealed@3", &mut running).await;
    let crowd = crowded.fill().await;
    failpoints.release("page-resealed@3");
    let told = running.wait().await.expect(5).json();
    assert_eq!((&told["status"], &told["run_id"]), (&"unknown".into(), &1.into()), "{told}");
    assert_eq!(told["exit_code"], 5, "{told}");
    assert!(told["reason"].to_string().contains("the server has no connection left"), "{told}");
    assert!(told["advice"].to_string().contains("the same `reseal run` resumes"), "{told}");
    drop(crowd);
    crowded.run("").run().await.expect(0);
    crowded.rotation.expect_secrets(1..=ROWS).await;
}

/// Fewer connections than workers: those that have one do the work.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_a_connection_does_not_end_the_others() {
    let crowded = Crowded::create(ROWS).await;
    crowded.rotation.database.batch("ALTER ROLE job CONNECTION LIMIT 2").await;
    crowded.run("--workers 3 --page-rows-max 50").run().await.expect(0);
    crowded.rotation.expect_secrets(1..=ROWS).await;
}
