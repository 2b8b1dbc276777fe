//! The server crashes under a running job, which goes on by itself: with pages read anew.

use reseal::demo::server::{ServerOptions, ThrowawayServer};

use super::support::{Failpoints, Rotation, private_server};
use super::{ROWS, expect_undisturbed};

/// Keeps what is committed asynchronously in memory, so that a crash undoes it.
const SLOW_WAL_WRITER: &str = "10s";

fn forgetful_server() -> ThrowawayServer {
    private_server(ServerOptions::default().setting("wal_writer_delay", SLOW_WAL_WRITER))
}

/// Crashes the server while the job is held there.
async fn server_crashes_at(server: &mut ThrowawayServer, point: &str) {
    let rotation = Rotation::of_on(server, ROWS).await;
    rotation.database.batch("CHECKPOINT").await;
    let failpoints = Failpoints::hold(point);
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached(point, &mut running).await;
    server.crash().expect("it stops");
    server.start_again().expect("it starts");
    failpoints.release(point);

    let status = running.wait().await.expect(0).json();
    expect_undisturbed(&rotation, &status).await;
}

/// One test two points: a server of one's own takes seconds to start.
macro_rules! server_crashes_at {
    ($($name:ident: $($point:literal)+;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let mut server = forgetful_server();
                $(server_crashes_at(&mut server, $point).await;)+
            }
        )*
    };
}

server_crashes_at! {
    between_fetch_and_transaction: "page-fetched@4" "page-resealed@1";
    within_the_transaction: "fenced@4" "rows-written@4";
    around_the_commit: "before-commit@4" "committed@4";
    in_the_proof: "close-looked@1" "before-end@1";
}

/// A COMMIT that waits for an absent synchronous standby holds its row locks, and no timeout ends it:
/// pages do not wait for it, only the end of the run does.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_waits_for_an_absent_standby() {
    let server = forgetful_server();
    let rotation = Rotation::of_on(&server, ROWS).await;
    let failpoints = Failpoints::hold("page-fetched@1").and_hold("before-end@1");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("page-fetched@1", &mut running).await;
    rotation.database.batch("ALTER SYSTEM SET synchronous_standby_names = 'absent'").await;
    rotation.database.batch("SELECT pg_reload_conf()").await;
    failpoints.release("page-fetched@1");
    failpoints.reached("before-end@1", &mut running).await;

    rotation.database.batch("ALTER SYSTEM RESET synchronous_standby_names").await;
    rotation.database.batch("SELECT pg_reload_conf()").await;
    failpoints.release("before-end@1");
    let status = running.wait().await.expect(0).json();
    expect_undisturbed(&rotation, &status).await;
}

/// A server that stays away longer than the patience ends the run, resumably.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_away_ends_in_5() {
    let mut server = forgetful_server();
    let rotation = Rotation::of_on(&server, ROWS).await;
    let failpoints = Failpoints::hold("committed@2");
    let mut running = failpoints.on(rotation.run().arg("--retry-for").arg("1s")).spawn();
    failpoints.reached("committed@2", &mut running).await;
    server.crash().expect("it stops");
    failpoints.release("committed@2");
    let outcome = running.wait().await.expect(5);
    assert!(outcome.stderr.contains("given up after"), "{}", outcome.stderr);

    server.start_again().expect("it starts");
    let status = rotation.run().run().await.expect(0).json();
    expect_undisturbed(&rotation, &status).await;
}

/// Transaction ids are used again after a crash: row 150 is fetched as a transaction wrote it that
/// the crash undoes, and then the application writes it under that very id.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_write_under_a_reused_transaction_id_survives() {
    let mut server = forgetful_server();
    let rotation = Rotation::of_on(&server, ROWS).await;
    rotation.database.batch("CHECKPOINT").await;
    let failpoints = Failpoints::hold("committed@1").and_hold("page-resealed@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("committed@1", &mut running).await;
    // the claim and the first page are there to stay
    rotation.database.batch("CHECKPOINT").await;
    let lost = write_row_150(&rotation, "what the crash undoes").await;
    failpoints.release("committed@1");
    failpoints.reached("page-resealed@2", &mut running).await;
    server.crash().expect("it stops");
    server.start_again().expect("it starts");

    use_up_transaction_ids_below(&rotation, lost).await;
    let reused = write_row_150(&rotation, "what the application wrote last").await;
    assert_eq!(reused, lost, "the case that this test is about");
    failpoints.release("page-resealed@2");
    running.wait().await.expect(0);
    let opened = rotation.opened().await;
    assert_eq!(opened[&150], b"what the application wrote last");
    assert_eq!(opened.len(), 600);
}

/// Writes row 150 asynchronously under the old key, and answers the transaction's id.
async fn write_row_150(rotation: &Rotation, secret: &str) -> i64 {
    let value = super::support::seal(&rotation.old, "go", b"", secret.as_bytes());
    let client = rotation.client().await;
    client.batch_execute("SET synchronous_commit = off").await.expect("a setting");
    let statement = "UPDATE secrets SET value = $1 WHERE id = 150
                     RETURNING xmin::text::bigint";
    client.query_one(statement, &[&value]).await.expect("row 150").get(0)
}

/// Spends transaction ids until `next` is the next one.
async fn use_up_transaction_ids_below(rotation: &Rotation, next: i64) {
    let client = rotation.client().await;
    let peek = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
    loop {
        let coming: i64 = client.query_one(peek, &[]).await.expect("an id").get(0);
        assert!(coming <= next, "{coming} is past {next}: the crash undid nothing");
        if coming == next {
            return;
        }
        client.query_one("SELECT txid_current()", &[]).await.expect("an id");
    }
}
