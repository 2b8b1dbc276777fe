//! What a rotation is compared with: plain SQL that rewrites the rows and seals nothing, and a script
//! that sends one statement a row.

use std::fs;
use std::time::{Duration, Instant};

use reseal::keys::{KeyRing, KeySource, RingConfig};
use reseal::layout::{ColumnLayout, Layout, RowTexts};
use reseal::value::{Resealing, Scratch, ValueWork};
use tokio::task::JoinSet;

use super::table::{Keys, LAYOUT, connect};

/// Rows that the script reads at once; it writes them one by one.
const READ_ROWS: i64 = 1_000;

/// The floor: every row rewritten as it is, by so many connections, a share each.
pub async fn rewrite(url: &str, rows: u64, connections: usize) -> Duration {
    const UPDATE: &str = "UPDATE t SET secret = secret, version = version + 1 \
                          WHERE id BETWEEN $1 AND $2";
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(connect(url).await);
    }
    let begun = Instant::now();
    let mut working = JoinSet::new();
    for (client, (first, last)) in clients.into_iter().zip(shares(rows, connections)) {
        working.spawn(async move { client.execute(UPDATE, &[&first, &last]).await.expect("rows") });
    }
    let written: u64 = working.join_all().await.into_iter().sum();
    assert_eq!(written, rows, "every row is rewritten once");
    begun.elapsed()
}

/// The same rotation as a careful script does it: read a thousand rows, reseal each with the program's
/// own code, and send one UPDATE a row, prepared, guarded by the value that was read. As the program
/// does, it does not wait for the disk at every COMMIT; with `synchronous_commit = on` it would be
/// slower by far.
pub async fn row_by_row(url: &str, keys: &Keys, rows: u64, connections: usize) -> Duration {
    let mut workers = Vec::new();
    for (first, last) in shares(rows, connections) {
        let client = connect(url).await;
        let off = "SET synchronous_commit = off";
        client.batch_execute(off).await.expect("a setting");
        workers.push((client, ring(keys), first, last));
    }
    let begun = Instant::now();
    let mut working = JoinSet::new();
    for (client, ring, first, last) in workers {
        working.spawn(async move { share_by_row(&client, &ring, first, last).await });
    }
    let written: u64 = working.join_all().await.into_iter().sum();
    assert_eq!(written, rows, "every row is resealed once");
    begun.elapsed()
}

async fn share_by_row(
    client: &tokio_postgres::Client,
    ring: &KeyRing,
    first: i64,
    last: i64,
) -> u64 {
    const SELECT: &str = "SELECT id, secret FROM t WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";
    const UPDATE: &str = "UPDATE t SET secret = $2, version = version + 1 \
                          WHERE id = $1 AND secret = $3";
    let select = client.prepare(SELECT).await.expect("a statement");
    let update = client.prepare(UPDATE).await.expect("a statement");
    let write = Layout::named(LAYOUT).expect("a preset");
    let layout = ColumnLayout::try_from(write).expect("a layout to write");
    let keys = ring.column_keys(&layout, "t", "secret").expect("its keys");
    let (mut scratch, mut written, mut after) = (Scratch::default(), 0, first - 1);
    loop {
        let rows = client.query(&select, &[&after, &last, &READ_ROWS]).await.expect("rows");
        let Some(end) = rows.last() else { return written };
        after = end.get(0);
        for row in &rows {
            let (id, stored): (i64, &[u8]) = (row.get(0), row.get(1));
            let resealed =
                ValueWork::new(&keys, &layout).reseal(stored, &RowTexts::default(), &mut scratch);
            let Ok(Resealing::Resealed(resealed)) = resealed else {
                panic!("a value of the bench did not open");
            };
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&id, &resealed, &stored];
            written += client.execute(&update, &parameters).await.expect("a row");
        }
    }
}

/// First and last id of each share.
fn shares(rows: u64, shares: usize) -> impl Iterator<Item = (i64, i64)> {
    let (rows, shares) = (rows.cast_signed(), i64::try_from(shares).expect("a few"));
    (0..shares).map(move |n| (n * rows / shares + 1, (n + 1) * rows / shares))
}

fn ring(keys: &Keys) -> KeyRing {
    let directory = tempfile::TempDir::new().expect("a directory for the key files");
    let source = |name: &str, key: &str| {
        let path = directory.path().join(name);
        fs::write(&path, key).expect("a key file");
        KeySource::File(path)
    };
    let (current, previous) = (source("new", &keys.new), source("old", &keys.old));
    let config = RingConfig::new("keys", current, vec![previous]);
    KeyRing::load(&config).expect("a key ring")
}
