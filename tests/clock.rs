//! The server's clock jumps under a run. Leases are measured by it, and by nothing else; a lease that
//! runs out too early costs its owner a page, one that lives too long is no hindrance where the dead
//! owner's server process is seen to be gone. The clock is libfaketime's.
#![cfg(feature = "environments")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use serde_json::Value;
use support::{Failpoints, Rotation, private_server};
use tempfile::TempDir;

const ROWS: i64 = 600;

/// Where packages put it.
const LIBRARIES: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
    "/usr/local/lib/faketime/libfaketime.so.1",
    "/usr/lib/libfaketime.so.1",
];

/// A server that takes its time from a file.
struct Clock {
    server: ThrowawayServer,
    directory: TempDir,
}

impl Clock {
    fn start() -> Self {
        let library = LIBRARIES.iter().find(|path| Path::new(path).is_file());
        let library =
            library.expect("libfaketime is installed: `make test-environments` does that");
        let directory = tempfile::tempdir().expect("a temporary directory");
        // the server is another user's, when we are root
        let readable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(directory.path(), readable).expect("permissions");
        let file = offset_file(&directory);
        fs::write(&file, "+0").expect("a file");
        let options = ServerOptions::default()
            .environment("LD_PRELOAD", library)
            .environment("FAKETIME_TIMESTAMP_FILE", &file.display().to_string())
            .environment("FAKETIME_NO_CACHE", "1")
            .environment("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .setting("autovacuum", "off");
        Self { server: private_server(options), directory }
    }

    /// Seconds from the true time.
    async fn jump(&self, rotation: &Rotation, seconds: i32) {
        let new = self.directory.path().join("new");
        fs::write(&new, format!("{seconds:+}")).expect("a file");
        fs::rename(new, offset_file(&self.directory)).expect("a file");
        let client = rotation.client().await;
        let row =
            client.query_one("SELECT extract(epoch FROM clock_timestamp())::bigint", &[]).await;
        let told: i64 = row.expect("a time").get(0);
        let now = std::time::UNIX_EPOCH.elapsed().expect("a time").as_secs();
        let jumped = told - i64::try_from(now).expect("a time") - i64::from(seconds);
        assert!(jumped.abs() < 60, "the server's clock is {jumped} s off what was asked for");
    }
}

fn offset_file(directory: &TempDir) -> PathBuf {
    directory.path().join("offset")
}

fn expect_exact(status: &Value) {
    let count = |name: &str| status[name].as_i64().expect(name);
    let counts = ["total_records", "processed_records", "resealed_records"].map(count);
    assert_eq!(counts, [ROWS; 3], "{status}");
    assert_eq!((&status["status"], &status["conflicts"]), (&"completed".into(), &0.into()));
}

/// The lease of a live worker runs out while it holds a page. Another process takes its shard over and
/// does that page; the first is refused at the fence, and neither loses the run.
#[tokio::test(flavor = "multi_thread")]
async fn forwards_past_every_lease() {
    let clock = Clock::start();
    let rotation = Rotation::of_on(&clock.server, ROWS).await;
    let first_points = Failpoints::hold("page-resealed@3").and_hold("idle@1");
    let mut first = first_points.on(rotation.run()).spawn();
    first_points.reached("page-resealed@3", &mut first).await;
    clock.jump(&rotation, 2 * 3600).await;
    let second_points = Failpoints::hold("committed@1");
    let mut second = second_points.on(rotation.run()).spawn();
    second_points.reached("committed@1", &mut second).await;
    first_points.release("page-resealed@3");
    // sent away at the fence, and there is no other shard
    first_points.reached("idle@1", &mut first).await;
    first_points.release("idle@1");
    second_points.release("committed@1");
    for process in [first, second] {
        expect_exact(&process.wait().await.expect(0).json());
    }
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
}

/// A dead owner's lease seems to last for days. Its server process is gone, and that is seen.
#[tokio::test(flavor = "multi_thread")]
async fn backwards_behind_the_lease_of_a_dead_worker() {
    let clock = Clock::start();
    let rotation = Rotation::of_on(&clock.server, ROWS).await;
    let killed = Failpoints::kill("rows-written@3").on(rotation.run()).run().await;
    assert_eq!(killed.signal, Some(9), "{}", killed.printed());
    clock.jump(&rotation, -48 * 3600).await;
    rotation.interrupted().await;
    expect_exact(&rotation.run().run().await.expect(0).json());
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
}

/// To and fro while one worker is at work.
#[tokio::test(flavor = "multi_thread")]
async fn to_and_fro_in_mid_run() {
    let clock = Clock::start();
    let rotation = Rotation::of_on(&clock.server, ROWS).await;
    let points = ["fenced@2", "committed@3", "walk-fetched@1", "close-looked@1"];
    let failpoints = points.iter().fold(Failpoints::none(), |all, point| all.and_hold(point));
    let mut running = failpoints.on(rotation.run()).spawn();
    for (point, hours) in points.into_iter().zip([5, -70, 300, -1]) {
        failpoints.reached(point, &mut running).await;
        clock.jump(&rotation, hours * 3600).await;
        failpoints.release(point);
    }
    expect_exact(&running.wait().await.expect(0).json());
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
    rotation.verify().run().await.expect(0);
}
