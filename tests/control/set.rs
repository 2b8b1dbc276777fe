//! Rate and workers, changed while the run goes on.

use crate::support::{Reseal, Rotation, eventually};
use crate::{events, stands, told};

const MORE_TABLES: &str = "
    CREATE TABLE second (LIKE secrets INCLUDING ALL);
    CREATE TABLE third (LIKE secrets INCLUDING ALL);
    INSERT INTO second TABLE secrets;
    INSERT INTO third TABLE secrets";

/// At a row a second it would take longer than any test may.
#[tokio::test]
async fn a_ceiling_is_lifted_while_the_run_goes_on() {
    let rotation = Rotation::of(1_000).await;
    let running = rotation.command("run --workers 1 --rows-per-second 1 --lease 2s").spawn();
    let status = eventually("it says why it waits", async || {
        let status = rotation.status().await;
        (status["waiting"][0]["reason"] == "rows_per_second").then_some(status)
    })
    .await;
    assert_eq!(status["waiting"][0]["text"], "holds to 1 rows a second", "{status}");
    its_lease_is_kept(&rotation).await;
    let answer = told(&rotation, "set --rows-per-second 0").await;
    assert_eq!(answer, "run 1 is told; its processes hear it within a second");
    assert_eq!(rotation.status().await["rows_per_second"], 0);
    let outcome = running.wait().await.expect(0);
    assert!(outcome.stderr.contains("other settings"), "{}", outcome.stderr);
    assert_eq!(outcome.json()["waiting"], serde_json::Value::Null);
    rotation.expect_written_once().await;
    assert_eq!(events(&rotation).await, ["run started", "settings changed", "run ended"]);
}

/// Waits until the one shard that is held has a lease that ends when one from its claim would long be over. A
/// busy machine may renew it late, so nothing is said of the moments in between.
async fn its_lease_is_kept(rotation: &Rotation) {
    let client = rotation.client().await;
    let lease = async || {
        let held = "SELECT extract(epoch FROM lease_until)::float8, epoch FROM reseal.checkpoint
                    WHERE owner IS NOT NULL AND NOT done";
        let row = client.query_one(held, &[]).await.expect("the shard in hand");
        (row.get::<_, f64>(0), row.get::<_, i32>(1))
    };
    let (first, epoch) = lease().await;
    eventually("its lease is renewed", async || (lease().await.0 > first + 2.0).then_some(()))
        .await;
    assert_eq!(lease().await.1, epoch, "by its owner, who need not claim it again");
}

/// How many workers hold a shard.
async fn at_work(rotation: &Rotation) -> i64 {
    let held = "SELECT count(DISTINCT owner) FROM reseal.checkpoint
                WHERE NOT done AND lease_until > clock_timestamp()";
    rotation.client().await.query_one(held, &[]).await.expect("a count").get(0)
}

#[tokio::test]
async fn workers_come_and_go() {
    let rotation = Rotation::of(500).await;
    rotation.database.batch(MORE_TABLES).await;
    let run = rotation.command("run --workers 1 --rows-per-second 4");
    let running = run.arg("-c").arg("second.value:go").arg("-c").arg("third.value:go").spawn();
    stands(&rotation, "running").await;
    eventually("the first", async || (at_work(&rotation).await == 1).then_some(())).await;
    told(&rotation, "set --workers 3").await;
    eventually("three of them", async || (at_work(&rotation).await == 3).then_some(())).await;
    told(&rotation, "set --workers 1").await;
    eventually("one again", async || (at_work(&rotation).await == 1).then_some(())).await;
    assert_eq!(rotation.status().await["workers"], 1);
    // as many as there are connections for, one of which no worker has
    told(&rotation, "set --workers 64 --rows-per-second 0").await;
    let outcome = running.wait().await.expect(0);
    assert!(outcome.stderr.contains("max_connections is too small"), "{}", outcome.stderr);
    rotation.expect_written_once().await;
}

#[tokio::test]
async fn what_is_said_wrongly_is_refused() {
    let rotation = Rotation::of(10).await;
    let refused = async |words: &str, what: &str| {
        let outcome = Reseal::new(words).on(&rotation.database).run().await.expect(2);
        assert!(outcome.stderr.contains(what), "{words}: {}", outcome.stderr);
    };
    refused("set", "--rows-per-second").await;
    refused("set --workers 0", "workers is a whole number from 1 to 64").await;
    refused("set --rows-per-second many", "rows_per_second is a whole number from 0").await;
    refused("set --workers 2", "there is no such unfinished run").await;
    rotation.run().run().await.expect(0);
    for words in ["set --workers 2", "pause", "resume", "pause --run 1", "set --workers 2 --run 1"]
    {
        refused(words, "there is no such unfinished run").await;
    }
}
