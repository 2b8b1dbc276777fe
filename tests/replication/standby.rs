//! A standby that has not replayed the proof's moment is named.

use super::support::{Reseal, eventually};
use super::{Pair, ROWS};

const BEHIND: &str = "standbys that have not replayed this moment yet: the follower";

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lags_is_named() {
    let pair = Pair::of(ROWS).await;
    let standby = pair.standby_client().await;
    standby.query("SELECT pg_wal_replay_pause()", &[]).await.expect("a pause");
    let paused = "SELECT pg_get_wal_replay_pause_state()";
    eventually("replay pauses", async || {
        let row = standby.query_one(paused, &[]).await.expect("a state");
        (row.get::<_, &str>(0) == "paused").then_some(())
    })
    .await;

    let status = pair.rotation.run().run().await.expect(0).json();
    assert_eq!(status["status"], "completed", "{status}");
    assert!(status["advice"].as_array().unwrap().contains(&BEHIND.into()), "{status}");
    let verified = pair.rotation.verify().run().await.expect(0).json();
    assert_eq!(verified["standbys_behind"], serde_json::json!(["the follower"]), "{verified}");
    assert!(verified["advice"].as_array().unwrap().contains(&BEHIND.into()), "{verified}");
    let report = Reseal::new("report --output json --no-coverage").on(&pair.rotation.database);
    let report = report.run().await.expect(0).json();
    assert_eq!(report["standbys_behind"], serde_json::json!(["the follower"]), "{report}");
    let old = "SELECT count(*) FROM secrets WHERE writes = 0";
    let behind: i64 = standby.query_one(old, &[]).await.expect("a count").get(0);
    assert_eq!(behind, ROWS, "the standby still holds every old value");

    standby.query("SELECT pg_wal_replay_resume()", &[]).await.expect("replay");
    eventually("the standby has replayed the moment", async || {
        let verified = pair.rotation.verify().run().await.expect(0).json();
        (verified["standbys_behind"] == serde_json::json!([])).then_some(())
    })
    .await;
    pair.followed().expect_secrets(1..=ROWS).await;
}

/// A role that may not see how far a standby is says that, and not that it lags.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_whose_progress_is_hidden_is_named_as_such() {
    let pair = Pair::of(20).await;
    let reader = "CREATE ROLE reader LOGIN PASSWORD 'x'; GRANT SELECT ON secrets TO reader";
    pair.rotation.database.batch(reader).await;
    let url = pair.rotation.database.url_of("reader", "x");
    pair.rotation.run().run().await.expect(0);
    let verified = pair.rotation.verify().env("DATABASE_URL", url).run().await.expect(0).json();
    let behind = verified["standbys_behind"][0].as_str().expect("a standby");
    assert!(behind.ends_with("(this role may not see how far it is)"), "{verified}");
}
