//! DDL in the middle of a run: a clear stop, or the run goes on; never a wrong write.

use std::collections::BTreeMap;

use crate::support::{Failpoints, Outcome, Reseal, Rotation, open};

const ROWS: i64 = 300;

/// Holds a run with its second page in hand, changes the table, and lets it go on.
async fn altered(rotation: &Rotation, command: Reseal, ddl: &str) -> Outcome {
    let failpoints = Failpoints::hold("page-resealed@2");
    let mut running = failpoints.on(command).spawn();
    failpoints.reached("page-resealed@2", &mut running).await;
    rotation.database.batch(ddl).await;
    failpoints.release("page-resealed@2");
    running.wait().await
}

/// The run stops, says these words, and what it wrote before stands.
async fn stops(ddl: &str, words: &str, stored: &str) {
    let rotation = Rotation::of(ROWS).await;
    let outcome = altered(&rotation, rotation.run(), ddl).await.expect(3);
    assert!(outcome.stderr.contains(words), "{ddl}: {}", outcome.stderr);
    let status = rotation.status().await;
    assert_eq!(status["status"], "failed", "{ddl}: {status}");
    if !stored.is_empty() {
        expect_readable(&rotation, stored).await;
    }
}

/// Every value is what it was, under one of the keys; of those under the new key there is one page.
async fn expect_readable(rotation: &Rotation, stored: &str) {
    let statement = format!("SELECT id::text::bigint, {stored} FROM secrets");
    let rows = rotation.client().await.query(&statement, &[]).await.expect("the rows");
    let mut by_key = BTreeMap::new();
    for row in &rows {
        let (id, value): (i64, Vec<u8>) = (row.get(0), row.get(1));
        let key = [&rotation.new, &rotation.old].into_iter().position(|key| {
            open(key, "go", b"", &value) == Some(format!("the secret of row {id}").into_bytes())
        });
        *by_key.entry(key).or_insert(0) += 1;
    }
    assert_eq!(by_key, [(Some(0), 100), (Some(1), 200)].into(), "rows by key");
}

#[tokio::test]
async fn the_column_is_dropped() {
    stops("ALTER TABLE secrets DROP COLUMN value", "a column does not exist", "").await;
}

#[tokio::test]
async fn the_column_is_retyped() {
    let retype = "ALTER TABLE secrets ALTER value TYPE text USING encode(value, 'hex')";
    stops(retype, "was a table changed while the run went on?", "decode(value, 'hex')").await;
}

#[tokio::test]
async fn the_column_is_renamed() {
    let rename = "ALTER TABLE secrets RENAME value TO other";
    stops(rename, "a column does not exist", "other").await;
}

#[tokio::test]
async fn the_table_is_renamed() {
    let rename =
        "ALTER TABLE secrets RENAME TO others; CREATE VIEW secrets AS SELECT * FROM others";
    stops(rename, "a table changed", "value").await;
}

#[tokio::test]
async fn the_table_is_dropped() {
    stops("DROP TABLE secrets", "a table does not exist", "").await;
}

/// The index is gone; the columns of the key are still there, and no longer known to be one.
#[tokio::test]
async fn the_row_key_is_dropped() {
    let drop = "ALTER TABLE secrets DROP CONSTRAINT secrets_pkey";
    let rotation = Rotation::of(ROWS).await;
    let outcome = altered(&rotation, rotation.run(), drop).await.expect(3);
    assert!(outcome.stderr.contains("row key"), "{}", outcome.stderr);
}

#[tokio::test]
async fn a_column_of_the_row_key_is_dropped() {
    let drop = "ALTER TABLE secrets ADD kept bigint; UPDATE secrets SET kept = id;
                ALTER TABLE secrets DROP COLUMN id";
    let rotation = Rotation::of(ROWS).await;
    let outcome = altered(&rotation, rotation.run(), drop).await.expect(3);
    assert!(outcome.stderr.contains("a column does not exist"), "{}", outcome.stderr);
}

#[tokio::test]
async fn a_column_of_the_row_key_is_retyped() {
    let retype = "ALTER TABLE secrets ALTER id TYPE text";
    stops(retype, "was a table changed while the run went on?", "value").await;
}

/// A position of the old type would be nonsense in the new one: who resumes is told, and at once.
#[tokio::test]
async fn a_column_of_the_row_key_is_retyped_between_two_starts() {
    let rotation = Rotation::of(ROWS).await;
    let killed = rotation.run().env("RESEAL_FAILPOINT", "committed@2=kill").run().await;
    assert_eq!(killed.signal, Some(9));
    rotation.interrupted().await;
    rotation.database.batch("ALTER TABLE secrets ALTER id TYPE integer").await;
    let outcome = rotation.run().run().await.expect(3);
    assert!(outcome.stderr.contains("the row key was altered"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("trying again"), "{}", outcome.stderr);
    assert_eq!(rotation.status().await["status"], "failed");
    rotation.run().run().await.expect(0);
}

#[tokio::test]
async fn the_version_column_is_dropped() {
    let rotation = Rotation::of(ROWS).await;
    rotation.database.batch("ALTER TABLE secrets ADD version integer NOT NULL DEFAULT 0").await;
    let configuration = "[[table]]\nname = \"secrets\"\nversion = \"version\"\n\
                         [table.columns]\nvalue = \"go\"\n";
    let command = Reseal::new("run --workers 1 --page-rows-max 100").json();
    let command = command.current_key(&rotation.new).previous_keys(&[&rotation.old]);
    let command = command.config(configuration).on(&rotation.database);
    let drop = "ALTER TABLE secrets DROP COLUMN version";
    let outcome = altered(&rotation, command, drop).await.expect(3);
    assert!(outcome.stderr.contains("a column does not exist"), "{}", outcome.stderr);
    expect_readable(&rotation, "value").await;
}

/// A column by the same name takes the place of the one that was read. Its rows were not rewritten, so that
/// nothing but its number tells it from the other.
#[tokio::test]
async fn another_column_takes_its_name() {
    let rotation = Rotation::of(ROWS).await;
    let other = "ALTER TABLE secrets ADD other bytea; UPDATE secrets SET other = 'another thing'";
    rotation.database.batch(other).await;
    let swap =
        "ALTER TABLE secrets RENAME value TO before; ALTER TABLE secrets RENAME other TO value";
    let outcome = altered(&rotation, rotation.run(), swap).await.expect(3);
    assert!(outcome.stderr.contains("a column was renamed"), "{}", outcome.stderr);
    let changed = "SELECT count(*) FROM secrets WHERE value IS DISTINCT FROM 'another thing'";
    let changed = rotation.client().await.query_one(changed, &[]).await.expect("rows");
    assert_eq!(changed.get::<_, i64>(0), 0, "values of another column were overwritten");
    expect_readable(&rotation, "before").await;
}

/// What does not touch the columns stops nothing: rows that were moved or rewritten are read again.
#[tokio::test]
async fn what_rewrites_the_table_stops_nothing() {
    for ddl in [
        "VACUUM FULL secrets",
        "CLUSTER secrets USING secrets_pkey",
        "ALTER TABLE secrets ADD extra uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE secrets ADD extra integer NOT NULL DEFAULT 7",
        "ALTER TABLE secrets ADD CHECK (octet_length(value) < 1000)",
        "CREATE INDEX ON secrets (writes)",
        "REINDEX TABLE secrets",
    ] {
        let rotation = Rotation::of(ROWS).await;
        altered(&rotation, rotation.run(), ddl).await.expect(0);
        rotation.expect_secrets(1..=ROWS).await;
        rotation.expect_written_once().await;
    }
}
