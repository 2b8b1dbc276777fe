//! Logical replication: a subscriber gets every resealed row, and is not stopped by the ledger.

use reseal::demo::server::{ServerOptions, ThrowawayServer};

use super::ROWS;
use super::support::{Reseal, Rotation, TestDatabase, eventually, private_server};

const TABLE: &str = "CREATE TABLE secrets (id bigint PRIMARY KEY, value bytea, writes integer)";

/// A rotation that is published as `publication` says, and its copy at a subscriber.
struct Published {
    rotation: Rotation,
    copy: Rotation,
    // declared last: the databases are dropped first
    _servers: [ThrowawayServer; 2],
}

impl Published {
    async fn create(publication: &str, with_ledger: bool) -> Self {
        let publisher = private_server(ServerOptions::default());
        let subscriber = private_server(ServerOptions::default());
        let rotation = Rotation::of_on(&publisher, ROWS).await;
        let database = TestDatabase::create_on(&subscriber).await;
        let copy = Rotation { database, old: rotation.old.clone(), new: rotation.new.clone() };
        copy.database.batch(TABLE).await;
        if with_ledger {
            let ledger = Reseal::new("ledger --print-sql").run().await.expect(0).stdout;
            copy.database.batch(&ledger).await;
            // what the publisher's ledger holds arrives with the first copy of the tables
            let filled = "DELETE FROM reseal.ledger_version; DELETE FROM reseal.audit_head";
            copy.database.batch(filled).await;
            Reseal::new("ledger").on(&rotation.database).run().await.expect(0);
        }
        rotation.database.batch(&format!("CREATE PUBLICATION published FOR {publication}")).await;
        let words = rotation.database.url();
        let subscribe =
            format!("CREATE SUBSCRIPTION subscribed CONNECTION '{words}' PUBLICATION published");
        copy.database.batch(&subscribe).await;
        let published = Self { rotation, copy, _servers: [publisher, subscriber] };
        published.synchronized().await;
        published
    }

    async fn synchronized(&self) {
        let states = "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'";
        let client = self.copy.client().await;
        eventually("every table is copied", async || {
            let row = client.query_one(states, &[]).await.expect("a count");
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
    }

    /// Every row as the publisher has it arrives.
    async fn arrived(&self) {
        let expected = self.rotation.rows().await;
        eventually("every row arrives", async || {
            (self.copy.rows().await == expected).then_some(())
        })
        .await;
        self.copy.expect_secrets(1..=ROWS).await;
    }

    /// A subscription holds a slot on the other server, which no dropped database may leave behind.
    async fn unsubscribe(self) {
        self.copy.database.batch("DROP SUBSCRIPTION subscribed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_gets_every_resealed_row() {
    let published = Published::create("TABLE secrets", false).await;
    let status = published.rotation.run().run().await.expect(0).json();
    assert_eq!(status["resealed_records"], ROWS, "{status}");
    published.arrived().await;
    published.rotation.verify().run().await.expect(0);
    published.unsubscribe().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_of_all_tables_carries_the_ledger_too() {
    let published = Published::create("ALL TABLES", true).await;
    let run = || published.rotation.run();
    let refused = run().run().await.expect(3);
    assert!(refused.stderr.contains("FOR ALL TABLES"), "{}", refused.stderr);
    run().arg("--ledger-on-subscriber").run().await.expect(0);
    published.arrived().await;
    let completed = "SELECT count(*) FROM reseal.run WHERE state = 'completed'";
    let client = published.copy.client().await;
    eventually("the end of the run arrives", async || {
        let row = client.query_one(completed, &[]).await.expect("a count");
        (row.get::<_, i64>(0) == 1).then_some(())
    })
    .await;
    published.unsubscribe().await;
}
