//! A backup beside the job: pg_dump's long snapshot stands in nobody's way, and is consistent.

use std::process::Command;

use reseal::demo::server::ServerOptions;
use tokio_postgres::Client;

use crate::support::{Failpoints, Rotation, TestDatabase, open, private_server};

const ROWS: i64 = 2_000;

/// The dump's snapshot is taken in the middle of the first pass and kept until the run has completed.
#[tokio::test(flavor = "multi_thread")]
async fn a_dump_beside_a_run() {
    let server = private_server(ServerOptions::default());
    let rotation = Rotation::of_on(&server, ROWS).await;
    let failpoints = Failpoints::hold("committed@5");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("committed@5", &mut running).await;
    let snapshot = rotation.client().await;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    snapshot.batch_execute(begin).await.expect("a transaction");
    let exported = snapshot.query_one("SELECT pg_export_snapshot()", &[]).await;
    let exported: String = exported.expect("a snapshot").get(0);
    failpoints.release("committed@5");
    // ends although the snapshot is held
    running.wait().await.expect(0);

    let dump = dumped(&server.binaries().join("pg_dump"), rotation.database.url(), &exported);
    let restored = TestDatabase::create_on(&server).await;
    restored.batch(&dump).await;
    let at_the_snapshot = secrets(&snapshot).await;
    snapshot.batch_execute("COMMIT").await.expect("an end");
    let rows = secrets(&restored.client().await).await;
    assert!(rows == at_the_snapshot, "the dump is what stood there when its snapshot was taken");
    let mut under_the_new_key = 0;
    for (id, value) in &rows {
        let under = |key| open(key, "go", b"", value);
        under_the_new_key += i64::from(under(&rotation.new).is_some());
        let plaintext = under(&rotation.new).or_else(|| under(&rotation.old));
        assert_eq!(plaintext, Some(format!("the secret of row {id}").into_bytes()));
    }
    assert_eq!(rows.len(), 2_000);
    assert!((1..ROWS).contains(&under_the_new_key), "{under_the_new_key} rows in mid-run");
    rotation.expect_secrets(1..=ROWS).await;
}

async fn secrets(client: &Client) -> Vec<(i64, Vec<u8>)> {
    let rows = client.query("SELECT id, value FROM public.secrets ORDER BY id", &[]).await;
    rows.expect("the table").iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The table alone, as SQL.
fn dumped(program: &std::path::Path, url: &str, snapshot: &str) -> String {
    let mut command = Command::new(program);
    command.arg(format!("--dbname={url}")).arg(format!("--snapshot={snapshot}"));
    let output = command
        .args(["--table=public.secrets", "--section=pre-data", "--section=data", "--inserts"])
        .env("LC_ALL", "C")
        .output();
    let output = output.expect("pg_dump stands beside the server");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sql = String::from_utf8(output.stdout).expect("UTF-8");
    // psql's own commands, which newer versions of pg_dump write
    sql.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
}
