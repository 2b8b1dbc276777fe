//! An application at work while a run goes on: its errors are counted and its longest wait is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reseal::demo::server::ServerOptions;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use crate::support::{Dice, Rotation, TestKey, private_server, seal};

const ROWS: i64 = 3_000;
const WRITERS: i64 = 4;

/// A page holds its rows for half of `deadlock_timeout` (1 s) at most. The other half is the margin: what the
/// job's own process may need between two statements on a busy machine. Beyond the sum an application
/// would begin to look for deadlocks.
const BOUND: Duration = Duration::from_secs(1);

/// Rows take so long that a page is cut off by its timeouts rather than by its number of rows.
const SLOW: &str = "
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('application_name') LIKE 'reseal%' THEN PERFORM pg_sleep(0.001); END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION slow()";

/// What a writer has met.
#[derive(Debug, Default)]
struct Met {
    transactions: u64,
    longest: Duration,
    errors: Vec<String>,
}

/// Transactions of one to four rows in any order, of rows that no other writer touches: whatever it waits
/// for is the job.
async fn write(client: Client, number: i64, key: TestKey, stop: Arc<AtomicBool>) -> Met {
    let mut dice = Dice::of(0, number.unsigned_abs());
    let mut met = Met::default();
    while !stop.load(Ordering::Relaxed) {
        let ended = transaction(&client, number, &key, &mut dice, &mut met.longest).await;
        met.transactions += 1;
        met.errors.extend(ended.err().map(|error| error.to_string()));
    }
    met
}

async fn transaction(
    client: &Client,
    number: i64,
    key: &TestKey,
    dice: &mut Dice,
    longest: &mut Duration,
) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    for _ in 0..=dice.below(4) {
        let rows = usize::try_from(ROWS / WRITERS).expect("rows");
        let id = 1 + number + WRITERS * i64::try_from(dice.below(rows)).expect("a row");
        let value = seal(key, "go", b"", format!("said of {id}").as_bytes());
        // by the server's clock, which knows nothing of our threads
        let update = "UPDATE secrets SET value = $2 WHERE id = $1 RETURNING
                      extract(epoch FROM clock_timestamp() - statement_timestamp())::float8";
        let row = client.query_one(update, &[&id, &value]).await?;
        *longest = (*longest).max(Duration::from_secs_f64(row.get(0)));
    }
    client.batch_execute("COMMIT").await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_application_transaction_fails_or_waits_longer_than_a_page() {
    let server = private_server(ServerOptions::default().setting("log_lock_waits", "on"));
    let rotation = Rotation::of_on(&server, ROWS).await;
    rotation.database.batch(SLOW).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let client = rotation.client().await;
        // who waits that long is logged by the server as well
        let named = format!(
            "SET application_name = 'application'; SET deadlock_timeout = '{}ms'",
            BOUND.as_millis()
        );
        client.batch_execute(&named).await.expect("settings");
        writers.spawn(write(client, number, rotation.new.clone(), Arc::clone(&stop)));
    }
    let status = rotation.command("run --workers 2").run().await.expect(0).json();
    stop.store(true, Ordering::Relaxed);
    let met = writers.join_all().await;
    let transactions: u64 = met.iter().map(|met| met.transactions).sum();
    let longest = met.iter().map(|met| met.longest).max().unwrap_or_default();
    println!(
        "{transactions} application transactions beside {} resealed values: longest statement {longest:?}",
        status["resealed_records"]
    );
    let errors: Vec<&String> = met.iter().flat_map(|met| &met.errors).collect();
    assert!(errors.is_empty(), "{} transactions failed: {}", errors.len(), errors[0]);
    assert!(transactions > 200, "{transactions} transactions are no application");
    assert!(longest < BOUND, "the application waited for {longest:?}");
    let log = server.log();
    let waited = log.lines().find(|line| line.contains("still waiting for"));
    assert_eq!(waited, None, "the server saw a wait of {BOUND:?}");
    assert_eq!(rotation.opened().await.len(), 3_000);
}
