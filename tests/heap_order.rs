//! A large table whose keys lie at random is resealed in the order of its heap, when checkpoints would come in
//! between. Counts, resumes and ends as any other.

mod support;

use reseal::demo::server::ServerOptions;
use serde_json::Value;
use support::{Failpoints, Rotation, private_server};

const ROWS: i64 = 120_000;

async fn scattered(rotation: &Rotation) {
    let client = rotation.client().await;
    let insert = "INSERT INTO secrets SELECT (random() * 1e18)::bigint, $1
                  FROM generate_series(1, $2::bigint) ON CONFLICT DO NOTHING";
    let value = rotation.old_value(1);
    client.execute(insert, &[&value, &ROWS]).await.expect("rows");
    client.batch_execute("VACUUM ANALYZE secrets").await.expect("statistics");
}

async fn steps(rotation: &Rotation) -> Vec<String> {
    let steps = "SELECT DISTINCT step FROM reseal.checkpoint ORDER BY 1";
    let rows = rotation.client().await.query(steps, &[]).await.expect("the ledger");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn random_keys_are_resealed_in_heap_order() {
    let few_wal = ServerOptions::default().setting("max_wal_size", "32MB");
    let server = private_server(few_wal.setting("autovacuum", "off"));
    let rotation = Rotation::of_on(&server, 0).await;
    scattered(&rotation).await;
    let plan = rotation.command("plan").run().await.expect(0).json();
    assert_eq!(plan["tables"][0]["order"], "heap", "{plan}");
    assert!(plan["estimated_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{plan}");

    let command = || rotation.command("run --workers 2");
    let killed = Failpoints::kill("committed@5").on(command()).run().await;
    assert_eq!(killed.signal, Some(9));
    let status: Value = command().run().await.expect(0).json();
    assert_eq!(steps(&rotation).await, ["close", "reseal_by_block", "walk"]);
    assert_eq!(status["resealed_records"], status["total_records"], "{status}");
    rotation.expect_written_once().await;
    let opened = rotation.opened().await;
    assert_eq!(status["total_records"], opened.len(), "{status}");
}

/// With room for the WAL of the whole pass, key order writes less of it.
#[tokio::test]
async fn random_keys_are_resealed_in_key_order_when_no_checkpoint_comes() {
    let much_wal = ServerOptions::default().setting("max_wal_size", "4GB");
    let server = private_server(much_wal);
    let rotation = Rotation::of_on(&server, 0).await;
    scattered(&rotation).await;
    let plan = rotation.command("plan").run().await.expect(0).json();
    assert_eq!(plan["tables"][0]["order"], "key", "{plan}");
}
