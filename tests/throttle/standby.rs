//! A real standby whose replay stands still.

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use tokio_postgres::Client;

use super::{held, refused, text, written};
use crate::support::{Rotation, eventually, private_server, streaming_standby};

/// A primary with a rotation on it, and a standby that has stopped replaying.
struct Lagging {
    _primary: ThrowawayServer,
    _standby: ThrowawayServer,
    rotation: Rotation,
    client: Client,
}

impl Lagging {
    async fn of(rows: i64) -> Self {
        let quiet = ServerOptions::default().setting("autovacuum", "off");
        let mut primary = private_server(quiet);
        let rotation = Rotation::of_on(&primary, rows).await;
        let standby = streaming_standby(&mut primary, "the follower");
        let client = rotation.database.on_copy(&standby).client().await;
        client.query("SELECT pg_wal_replay_pause()", &[]).await.expect("a pause");
        eventually("replay pauses", async || {
            let state = "SELECT pg_get_wal_replay_pause_state()";
            let row = client.query_one(state, &[]).await.expect("a state");
            (row.get::<_, &str>(0) == "paused").then_some(())
        })
        .await;
        // so that there is something to lag behind by
        rotation.database.batch("CREATE TABLE noise AS SELECT generate_series(1, 2000)").await;
        Self { _primary: primary, _standby: standby, rotation, client }
    }

    async fn replay(&self) {
        self.client.query("SELECT pg_wal_replay_resume()", &[]).await.expect("replay");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_a_standby_that_is_bytes_behind() {
    let lagging = Lagging::of(300).await;
    let rotation = &lagging.rotation;
    let slow = "run --workers 2 --page-rows-max 50 --lease 4s --throttle-standby-lag 16KiB";
    let mut running = rotation.command(slow).spawn();
    let status = held(rotation, &mut running, "standby_lag").await;
    assert!(text(&status).starts_with("waits for standby the follower: "), "{status}");
    assert!(text(&status).ends_with("KiB behind"), "{status}");
    assert_eq!(written(rotation).await, 0, "nothing is written while it waits");
    // until all leases that there are now are over: they are kept, so nobody takes a shard over
    let leases = "SELECT max(epoch), extract(epoch FROM min(lease_until))::float8,
                         extract(epoch FROM clock_timestamp())::float8
                  FROM reseal.checkpoint WHERE owner IS NOT NULL AND NOT done";
    let client = rotation.client().await;
    let row = client.query_one(leases, &[]).await.expect("the checkpoints");
    let over = row.get::<_, f64>(2) + 4.0;
    let epoch = eventually("the leases are renewed", async || {
        let row = client.query_one(leases, &[]).await.expect("the checkpoints");
        (row.get::<_, f64>(1) > over).then(|| row.get::<_, i32>(0))
    })
    .await;
    assert_eq!(epoch, 1);
    lagging.replay().await;
    running.wait().await.expect(0);
    rotation.expect_written_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_a_standby_that_is_seconds_behind() {
    let lagging = Lagging::of(400).await;
    let rotation = &lagging.rotation;
    // so slow that the lag is there before the end
    let slow = "run --workers 1 --rows-per-second 20 --throttle-standby-lag 1s";
    let mut running = rotation.command(slow).spawn();
    let status = held(rotation, &mut running, "standby_lag").await;
    assert!(text(&status).starts_with("waits for standby the follower: "), "{status}");
    assert!(text(&status).ends_with(" s behind"), "{status}");
    running.signal("TERM");
    running.wait().await.expect(4);
    lagging.replay().await;
    rotation.run().arg("--throttle-standby-lag").arg("10s").run().await.expect(0);
    rotation.expect_written_once().await;
}

#[tokio::test]
async fn who_may_not_see_standbys_is_told() {
    let rotation = Rotation::of(20).await;
    rotation
        .database
        .batch("CREATE ROLE blind LOGIN PASSWORD 'x'; GRANT ALL ON secrets TO blind")
        .await;
    rotation
        .database
        .batch(&format!("GRANT CREATE ON DATABASE {} TO blind", rotation.database.name()))
        .await;
    let url = rotation.database.url_of("blind", "x");
    let lag = |command: crate::support::Reseal| {
        command.env("DATABASE_URL", url.clone()).arg("--throttle-standby-lag").arg("10s")
    };
    refused(&rotation, lag, "this role may not see how far standbys are").await;
    // who sees that there is none is warned
    let plan = rotation.command("plan --throttle-standby-lag 10s").run().await.expect(0);
    assert!(plan.stdout.contains("no standby is connected now"), "{}", plan.stdout);
}
