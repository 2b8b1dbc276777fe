//! Servers that follow: a standby that lags, one that is promoted in mid-run, a subscriber. Real second
//! servers, copies of the first.
#![cfg(feature = "failpoints")]

mod support;

#[path = "replication/failover.rs"]
mod failover;
#[path = "replication/standby.rs"]
mod standby;
#[path = "replication/subscriber.rs"]
mod subscriber;

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use support::{Rotation, private_server, streaming_standby};
use tokio_postgres::Client;

const ROWS: i64 = 600;

/// A primary with a rotation on it, and a standby that streams from it.
struct Pair {
    primary: ThrowawayServer,
    standby: ThrowawayServer,
    rotation: Rotation,
}

impl Pair {
    async fn of(rows: i64) -> Self {
        let quiet = ServerOptions::default().setting("autovacuum", "off");
        let mut primary = private_server(quiet);
        let rotation = Rotation::of_on(&primary, rows).await;
        let standby = streaming_standby(&mut primary, "the follower");
        Self { primary, standby, rotation }
    }

    /// The rotation's table as it is on the standby.
    fn followed(&self) -> Rotation {
        Rotation {
            database: self.rotation.database.on_copy(&self.standby),
            old: self.rotation.old.clone(),
            new: self.rotation.new.clone(),
        }
    }

    async fn standby_client(&self) -> Client {
        self.rotation.database.on_copy(&self.standby).client().await
    }
}
