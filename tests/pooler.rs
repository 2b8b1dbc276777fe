//! A real PgBouncer in transaction mode between the program and its server: Debian's 1.18 knows no
//! prepared statements, hands every transaction to whichever server connection is free, and hides
//! that the server crashed.
#![cfg(feature = "environments")]

mod support;

#[path = "pooler/beside.rs"]
mod beside;
#[path = "pooler/crash.rs"]
mod crash;
#[path = "json/documents.rs"]
#[allow(dead_code, reason = "tests/json.rs uses all of it")]
mod documents;
#[path = "pooler/documents.rs"]
mod documents_by_way_of_it;
#[path = "pooler/spread.rs"]
mod spread_by_way_of_it;
#[path = "spread/table.rs"]
#[allow(dead_code, reason = "tests/spread.rs uses all of it")]
mod spread_table;

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use support::{Failpoints, PgBouncer, Reseal, Rotation, private_server};

/// Six pages of key order and an empty one.
const ROWS: i64 = 600;

/// Server connections of PgBouncer for a role and database: fewer than clients.
const POOL_SIZE: u32 = 3;

/// A rotation on a server of its own, and PgBouncer before it.
struct Pooled {
    server: ThrowawayServer,
    pgbouncer: PgBouncer,
    rotation: Rotation,
}

impl Pooled {
    async fn of(rows: i64) -> Self {
        // what is committed asynchronously stays in memory, so that a crash undoes it
        let options = ServerOptions::default()
            .setting("wal_writer_delay", "10s")
            .setting("autovacuum", "off");
        let server = private_server(options);
        let pgbouncer = PgBouncer::before(&server, POOL_SIZE, &[]).await;
        let rotation = Rotation::of_on(&server, rows).await;
        Self { server, pgbouncer, rotation }
    }

    /// Through PgBouncer. Nobody can see there that the process of a lease is gone.
    fn through(&self, command: Reseal) -> Reseal {
        command.env("DATABASE_URL", self.pgbouncer.url(self.rotation.database.url()))
    }

    fn run(&self) -> Reseal {
        self.run_with("--workers 1")
    }

    fn run_with(&self, workers: &str) -> Reseal {
        let words = format!("run {workers} --page-rows-max 100 --lease 1s");
        self.through(self.rotation.command(&words))
    }
}

/// The whole main path, killed again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_goes_on() {
    let pooled = Pooled::of(ROWS).await;
    let rotation = &pooled.rotation;
    pooled.through(rotation.command("plan")).run().await.expect(0);
    pooled.through(rotation.verify()).run().await.expect(1);
    for point in ["page-fetched@1", "fenced@2", "rows-written@2", "committed@1", "walk-fetched@1"] {
        let killed = Failpoints::kill(point).on(pooled.run()).run().await;
        assert_eq!(killed.signal, Some(9), "{point}: {}", killed.printed());
    }
    let status = pooled.run().run().await.expect(0).json();
    let count = |name: &str| status[name].as_i64().expect(name);
    let counts = ["total_records", "processed_records", "resealed_records"].map(count);
    assert_eq!(counts, [ROWS; 3], "{status}");
    assert_eq!(["conflicts", "failed_records"].map(count), [0; 2], "{status}");
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
    pooled.through(rotation.verify()).run().await.expect(0);
    for words in ["status", "failures", "health", "ledger"] {
        let command = Reseal::new(words).current_key(&rotation.new);
        pooled.through(command).run().await.expect(0);
    }
}

/// Two workers, and an operator who ends the run.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_be_abandoned() {
    let pooled = Pooled::of(ROWS).await;
    let failpoints = Failpoints::hold("committed@2");
    let mut running = failpoints.on(pooled.run_with("--workers 2")).spawn();
    failpoints.reached("committed@2", &mut running).await;
    pooled.through(Reseal::new("abandon")).run().await.expect(0);
    failpoints.release("committed@2");
    running.wait().await.expect(3);
}
