//! The server crashes behind PgBouncer, which connects anew and says nothing: what was read before is
//! void all the same.

use super::support::{Failpoints, Rotation, seal};
use super::{Pooled, ROWS};

/// Crashes the server and starts it again; PgBouncer's clients stay connected.
fn crash(pooled: &mut Pooled) {
    pooled.server.crash().expect("it stops");
    pooled.server.start_again().expect("it starts");
}

/// At each point between fetch and commit where PgBouncer holds no server connection for us, and within
/// the transaction, where it must cut us off.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_after_a_crash() {
    let mut pooled = Pooled::of(0).await;
    for point in ["page-fetched@4", "page-resealed@2", "rows-written@3", "committed@3"] {
        pooled.rotation = Rotation::of_on(&pooled.server, ROWS).await;
        pooled.rotation.database.batch("CHECKPOINT").await;
        let failpoints = Failpoints::hold(point);
        let mut running = failpoints.on(pooled.run()).spawn();
        failpoints.reached(point, &mut running).await;
        crash(&mut pooled);
        failpoints.release(point);
        let status = running.wait().await.expect(0).json();
        assert_eq!(status["processed_records"], ROWS, "{point}: {status}");
        pooled.rotation.expect_secrets(1..=ROWS).await;
        pooled.rotation.expect_written_once().await;
    }
}

/// Transaction ids are used again after a crash: a row that was read as a transaction wrote it that the
/// crash undid, and that the application then wrote under that very id.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_write_under_a_reused_transaction_id_survives() {
    let mut pooled = Pooled::of(ROWS).await;
    pooled.rotation.database.batch("CHECKPOINT").await;
    let failpoints = Failpoints::hold("committed@1").and_hold("page-resealed@2");
    let mut running = failpoints.on(pooled.run()).spawn();
    failpoints.reached("committed@1", &mut running).await;
    pooled.rotation.database.batch("CHECKPOINT").await;
    let lost = write_row_150(&pooled.rotation, "what the crash undoes").await;
    failpoints.release("committed@1");
    failpoints.reached("page-resealed@2", &mut running).await;
    crash(&mut pooled);

    let client = pooled.rotation.client().await;
    let peek = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
    loop {
        let coming: i64 = client.query_one(peek, &[]).await.expect("an id").get(0);
        assert!(coming <= lost, "{coming} is past {lost}: the crash undid nothing");
        if coming == lost {
            break;
        }
        client.query_one("SELECT txid_current()", &[]).await.expect("an id");
    }
    let reused = write_row_150(&pooled.rotation, "what the application wrote last").await;
    assert_eq!(reused, lost, "the case that this test is about");
    failpoints.release("page-resealed@2");
    running.wait().await.expect(0);
    let opened = pooled.rotation.opened().await;
    assert_eq!(opened[&150], b"what the application wrote last");
}

/// Writes row 150 asynchronously under the old key, and answers the transaction's id.
async fn write_row_150(rotation: &Rotation, secret: &str) -> i64 {
    let value = seal(&rotation.old, "go", b"", secret.as_bytes());
    let client = rotation.client().await;
    client.batch_execute("SET synchronous_commit = off").await.expect("a setting");
    let statement = "UPDATE secrets SET value = $1 WHERE id = 150 RETURNING xmin::text::bigint";
    client.query_one(statement, &[&value]).await.expect("row 150").get(0)
}

/// Puts a value under `key` into every row from `first` on.
async fn write_all(rotation: &Rotation, first: i64, key: &super::support::TestKey) {
    let ids: Vec<i64> = (first..=ROWS).collect();
    let sealed = |id: &i64| seal(key, "go", b"", format!("the secret of row {id}").as_bytes());
    let values: Vec<Vec<u8>> = ids.iter().map(sealed).collect();
    let client = rotation.client().await;
    client.batch_execute("SET synchronous_commit = off").await.expect("a setting");
    let update = "UPDATE secrets SET value = new.value
                  FROM unnest($1::bigint[], $2::bytea[]) AS new (id, value)
                  WHERE secrets.id = new.id";
    client.execute(update, &[&ids, &values]).await.expect("rows");
}

/// The application writes rows under the new key just before the walk reads them, and a crash undoes
/// it: the walk has read as done what needs the old key again, and was written before its barrier.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_walk_read_as_done_and_a_crash_undid_is_read_again() {
    let mut pooled = Pooled::of(0).await;
    let rotation = &pooled.rotation;
    // so many blocks that the walk takes several pages
    rotation.database.batch("ALTER TABLE secrets SET (fillfactor = 10)").await;
    rotation.insert("secrets", 1..=ROWS, &rotation.old).await;
    // the last page of key order is empty: with it the pass is done, and the walk begins
    let points = ["committed@7", "walk-fetched@1", "walk-fetched@2"];
    let failpoints = points.iter().fold(Failpoints::none(), |all, point| all.and_hold(point));
    let mut running = failpoints.on(pooled.run()).spawn();
    failpoints.reached(points[0], &mut running).await;
    write_all(rotation, 1, &rotation.old).await;
    failpoints.release(points[0]);
    failpoints.reached(points[1], &mut running).await;
    rotation.database.batch("CHECKPOINT").await;
    write_all(rotation, 1, &rotation.new).await;
    failpoints.release(points[1]);
    failpoints.reached(points[2], &mut running).await;
    crash(&mut pooled);

    failpoints.release(points[2]);
    running.wait().await.expect(0);
    pooled.rotation.expect_secrets(1..=ROWS).await;
}

/// The same while `verify` reads, which has no position in the ledger that the crash could undo.
#[tokio::test(flavor = "multi_thread")]
async fn verify_does_not_vouch_for_what_a_crash_undid() {
    let mut pooled = Pooled::of(0).await;
    let rotation = &pooled.rotation;
    rotation.database.batch("ALTER TABLE secrets SET (fillfactor = 10)").await;
    rotation.insert("secrets", 1..=ROWS, &rotation.old).await;
    rotation.database.batch("CHECKPOINT").await;
    // a writer that stays open holds verify up behind its walk; its snapshot keeps old versions from being
    // pruned there, which would write WAL, and with it what the crash is to undo
    let writer = rotation.client().await;
    let open = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM secrets LIMIT 1;
                LOCK secrets IN ROW EXCLUSIVE MODE";
    writer.batch_execute(open).await.expect("a writer");
    write_all(rotation, 1, &rotation.new).await;
    let failpoints = Failpoints::hold("writers-open@1");
    let mut verifying = failpoints.on(pooled.through(rotation.verify())).spawn();
    failpoints.reached("writers-open@1", &mut verifying).await;
    crash(&mut pooled);
    failpoints.release("writers-open@1");
    let outcome = verifying.wait().await.expect(5);
    assert!(outcome.stderr.contains("hid that the server crashed"), "{}", outcome.stderr);
    pooled.through(pooled.rotation.verify()).run().await.expect(1);
}
