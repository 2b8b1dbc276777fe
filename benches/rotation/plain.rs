//! What a rotation is compared with: plain SQL that rewrites the rows and seals nothing, and a script
//! that sends one statement a row.

use std::fs;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rayon::prelude::*;
use reseal::db::row_key::Binary;
use reseal::keys::{KeyRing, KeySource, RingConfig};
use reseal::layout::{ColumnLayout, Layout, RowTexts};
use reseal::value::{Resealing, Scratch, ValueWork};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::round::SCRIPT_ROWS;
use super::table::{KeyType, Keys, LAYOUT, Sealer, Shape, connect};

/// The floor: every row rewritten with its value, by so many connections, a share of the table each. A value
/// that is stored out of line would keep its place if it were assigned to itself: it is copied.
pub async fn rewrite(url: &str, shape: Shape, connections: usize) -> Duration {
    let value = if shape.plaintext_bytes > 1_024 { "secret || ''::bytea" } else { "secret" };
    let rewrite = |condition: &str| {
        format!("UPDATE t SET secret = {value}, version = version + 1 WHERE {condition}")
    };
    let shares = by_share(url, shape, connections).await;
    let begun = Instant::now();
    let mut working = JoinSet::new();
    for (client, condition) in shares {
        let statement = rewrite(&condition);
        working.spawn(async move { client.execute(&statement, &[]).await.expect("rows") });
    }
    let written: u64 = working.join_all().await.into_iter().sum();
    assert_eq!(written, shape.rows, "every row is rewritten once");
    begun.elapsed()
}

/// Reading alone: every value sent to so many connections, and dropped there.
pub async fn read(url: &str, shape: Shape, connections: usize) -> Duration {
    let shares = by_share(url, shape, connections).await;
    let begun = Instant::now();
    let mut working = JoinSet::new();
    for (client, condition) in shares {
        working.spawn(async move {
            let statement = format!("SELECT xmin, ctid, id, secret FROM t WHERE {condition}");
            let statement = client.prepare(&statement).await.expect("a statement");
            let none: [&(dyn ToSql + Sync); 0] = [];
            let rows = client.query_raw(&statement, none).await.expect("rows");
            pin!(rows).count().await
        });
    }
    drop(working.join_all().await);
    begun.elapsed()
}

/// A connection for each share of the table, and the condition that selects it: ids where they are numbers,
/// else blocks. What is appended meanwhile belongs to none.
async fn by_share(url: &str, shape: Shape, connections: usize) -> Vec<(Client, String)> {
    let mut shares = Vec::new();
    for share in 0..connections {
        let client = connect(url).await;
        let blocks = "SELECT pg_relation_size('t') / 8192, count(*) FROM t";
        let row = client.query_one(blocks, &[]).await.expect("a size");
        let bound = |all: i64, share: usize| all * share as i64 / connections as i64;
        let (blocks, rows): (i64, i64) = (row.get(0), row.get(1));
        let condition = match shape.key {
            KeyType::Bigint => {
                format!("id > {} AND id <= {}", bound(rows, share), bound(rows, share + 1))
            }
            KeyType::Uuid => {
                let (from, to) = (bound(blocks, share), bound(blocks, share + 1));
                format!("ctid >= '({from},0)' AND ctid < '({to},0)'")
            }
        };
        shares.push((client, condition));
    }
    shares
}

/// Cryptography alone: values resealed in memory on every core, nothing read and nothing written.
pub fn reseal_in_memory(keys: &Keys, shape: Shape, values: u64) -> Duration {
    let ring = ring(keys);
    let mut sealer = Sealer::new(&keys.old, shape.plaintext_bytes);
    // few different ones: memory is not what is measured
    let stored: Vec<Vec<u8>> = (0..values.min(64)).map(|n| sealer.seal(n.cast_signed())).collect();
    let layout = layout();
    let keys = ring.column_keys(&layout, "t", "secret").expect("its keys");
    let begun = Instant::now();
    (0..values).into_par_iter().for_each_init(Scratch::default, |scratch, n| {
        let stored = &stored[usize::try_from(n).expect("in memory") % stored.len()];
        let resealed = ValueWork::new(&keys, &layout).reseal(stored, &RowTexts::default(), scratch);
        assert!(matches!(resealed, Ok(Resealing::Resealed(_))), "a value of the bench opens");
    });
    begun.elapsed()
}

fn layout() -> ColumnLayout {
    let write = Layout::named(LAYOUT).expect("a preset");
    ColumnLayout::try_from(write).expect("a layout to write")
}

/// The same rotation as a careful script does it: read the rows through a connection of their own, reseal
/// each with the program's own code, and send one UPDATE a row, prepared, guarded by the value that was read. As the program
/// does, it does not wait for the disk at every COMMIT; with `synchronous_commit = on` it would be
/// slower by far.
pub async fn row_by_row(url: &str, keys: &Keys, shape: Shape, connections: usize) -> Duration {
    let mut workers = Vec::new();
    for (client, condition) in by_share(url, shape, connections).await {
        let off = "SET synchronous_commit = off";
        client.batch_execute(off).await.expect("a setting");
        workers.push((client, connect(url).await, ring(keys), condition));
    }
    let begun = Instant::now();
    let mut working = JoinSet::new();
    for (writer, reader, ring, condition) in workers {
        working.spawn(async move { share_by_row(&writer, &reader, &ring, &condition).await });
    }
    let written: u64 = working.join_all().await.into_iter().sum();
    assert_eq!(written, shape.rows.min(SCRIPT_ROWS), "every row is resealed once");
    begun.elapsed()
}

async fn share_by_row(writer: &Client, reader: &Client, ring: &KeyRing, condition: &str) -> u64 {
    const UPDATE: &str = "UPDATE t SET secret = $2, version = version + 1 \
                          WHERE id = $1 AND secret = $3";
    let select = format!("SELECT id, secret FROM t WHERE {condition}");
    let select = reader.prepare(&select).await.expect("a statement");
    let update = writer.prepare(UPDATE).await.expect("a statement");
    let (layout, mut scratch, mut written) = (layout(), Scratch::default(), 0);
    let keys = ring.column_keys(&layout, "t", "secret").expect("its keys");
    let none: [&(dyn ToSql + Sync); 0] = [];
    let mut rows = pin!(reader.query_raw(&select, none).await.expect("rows"));
    while let Some(row) = rows.next().await {
        let row = row.expect("a row");
        let (id, stored): (Binary<'_>, &[u8]) = (row.get(0), row.get(1));
        let resealed =
            ValueWork::new(&keys, &layout).reseal(stored, &RowTexts::default(), &mut scratch);
        let resealed = match resealed {
            Ok(Resealing::Resealed(resealed)) => resealed,
            // what another worker has written stands in the last block of its share, too
            Ok(Resealing::AlreadyCurrent) => continue,
            _ => panic!("a value of the bench did not open"),
        };
        let parameters: [&(dyn ToSql + Sync); 3] = [&id, &resealed, &stored];
        written += writer.execute(&update, &parameters).await.expect("a row");
    }
    written
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
