//! Samples, and every value.

use super::{Site, places, sealed};

/// One value among many rows: a sample may miss it, a scan of everything does not.
#[tokio::test]
async fn every_value_instead_of_a_sample() {
    let site = Site::new().await;
    site.database
        .batch(
            "CREATE TABLE t (id bigint PRIMARY KEY, v text);
             INSERT INTO t SELECT n, 'plain text number ' || n FROM generate_series(1001, 4000) AS n",
        )
        .await;
    site.insert("t", "v", "text", &sealed::values(&site.old, "enc-v1", "t", "v", 3)).await;
    let report = site.command("scan --full").json().run().await.expect(0).json();
    assert_eq!(report["depth"], "full");
    assert_eq!(places(&report, "found"), ["public.t.v"]);
    let found = &report["found"][0];
    assert_eq!((&found["values"], &found["authenticated"]), (&3003.into(), &3.into()));
    let sample = site.command("scan").json().run().await.expect(0).json();
    assert!(sample["values"].as_u64().expect("a number") <= 500, "{sample}");
}

/// A column that is NULL in nearly every row is looked at a second time.
#[tokio::test]
async fn a_sparse_column_is_found() {
    let site = Site::new().await;
    site.database
        .batch(
            "CREATE TABLE t (id bigint PRIMARY KEY, filler text, v text);
             INSERT INTO t SELECT n, repeat('x', 200), NULL FROM generate_series(1001, 9000) AS n",
        )
        .await;
    site.insert("t", "v", "text", &sealed::values(&site.old, "enc-v1", "t", "v", 2)).await;
    let report = site.command("scan").json().run().await.expect(0).json();
    assert_eq!(places(&report, "found"), ["public.t.v"]);
}
