//! Walk and close under load: writers rewrite, move, delete and insert rows all the while, in
//! transactions short and long, with savepoints and rollbacks; what was old is never lost sight of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reseal::demo::server::ServerOptions;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::support::{Dice, Rotation, TestKey, open, private_server, seal};

const ROWS: i64 = 2_000;
const WRITERS: u64 = 4;

fn below(dice: &mut Dice, end: i64) -> i64 {
    i64::try_from(dice.below(usize::try_from(end).expect("a size"))).expect("below an i64")
}

/// One statement of a writer; it writes values under the new key, or leaves those that are there.
async fn write(
    client: &Client,
    key: &TestKey,
    dice: &mut Dice,
) -> Result<(), tokio_postgres::Error> {
    let id = 1 + below(dice, ROWS);
    let value = seal(key, "go", b"", b"written meanwhile");
    match dice.below(10) {
        0..=3 => {
            let touch = "UPDATE secrets SET writes = writes WHERE id = $1";
            client.execute(touch, &[&id]).await?;
        }
        4..=5 => {
            let moved = "UPDATE secrets SET id = $2 WHERE id = $1";
            client.execute(moved, &[&id, &(id + ROWS * (1 + below(dice, 1_000)))]).await?;
        }
        6 => {
            client.execute("DELETE FROM secrets WHERE id = $1", &[&id]).await?;
        }
        7 => {
            let insert = "INSERT INTO secrets (id, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            client.execute(insert, &[&id, &value]).await?;
        }
        _ => {
            client.batch_execute("SAVEPOINT s").await?;
            let update = "UPDATE secrets SET value = $2 WHERE id = $1";
            client.execute(update, &[&id, &value]).await?;
            let end = if dice.below(2) == 0 { "RELEASE s" } else { "ROLLBACK TO s" };
            client.batch_execute(end).await?;
        }
    }
    Ok(())
}

/// Transactions of one to six statements, until told to stop. Writers may deadlock with each other;
/// that is theirs.
async fn write_on(client: Client, key: TestKey, seed: u64, stop: Arc<AtomicBool>) -> u32 {
    let mut dice = Dice::of(0, seed);
    let mut committed = 0;
    while !stop.load(Ordering::Relaxed) {
        client.batch_execute("BEGIN").await.expect("a transaction");
        let mut is_good = true;
        for _ in 0..=dice.below(6) {
            is_good = is_good && write(&client, &key, &mut dice).await.is_ok();
        }
        if dice.below(20) == 0 {
            tokio::time::sleep(dice.milliseconds(0..200)).await;
        }
        let end = if is_good && dice.below(10) > 0 { "COMMIT" } else { "ROLLBACK" };
        client.batch_execute(end).await.expect("an end");
        committed += u32::from(end == "COMMIT");
    }
    committed
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_old_is_left_when_a_run_completes_under_load() {
    let server = private_server(ServerOptions::default());
    let rotation = Rotation::of_on(&server, ROWS).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for seed in 1..=WRITERS {
        let client = rotation.client().await;
        writers.spawn(write_on(client, rotation.new.clone(), seed, Arc::clone(&stop)));
    }
    for turn in 1..=3 {
        let status = rotation.command("run --page-rows-max 50").run().await.expect(0).json();
        assert_eq!(status["status"], "completed", "{status}");
        // one snapshot of everything, taken while they write on
        for row in rotation.rows().await {
            let value = row.value.expect("no NULL in this test");
            let is_new = open(&rotation.new, "go", b"", &value).is_some();
            assert!(is_new, "row {} needs the old key after: {status}", row.id);
        }
        rotation.insert("secrets", (1..=10).map(|n| -10 * turn - n), &rotation.old).await;
    }
    stop.store(true, Ordering::Relaxed);
    let committed: u32 = writers.join_all().await.into_iter().sum();
    assert!(committed > 100, "{committed} transactions are no load");
}
