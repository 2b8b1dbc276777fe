//! Values that do not fit: into their column, or into memory.

use super::support::{Rows, TestDatabase, TestKey, open, relayed, seal};
use super::{failures, lines, run};

/// A layout that is longer than what was stored before: where the column is too short for it, the
/// database refuses that value alone.
#[tokio::test]
async fn a_value_too_long_for_its_column_is_refused_alone() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let (old, new) = (TestKey::random(), TestKey::random());
    let table = "CREATE TABLE t (id int PRIMARY KEY, v varchar(70), w text)";
    client.batch_execute(table).await.expect("a table");
    let plaintext = |id: i32| vec![b'x'; if id % 10 == 4 { 20 } else { 2 }];
    for id in 0..30_i32 {
        let text = |preset| String::from_utf8(seal(&old, preset, b"", &plaintext(id)));
        let (v, w) = (text("go-b64").expect("text"), text("node-hex").expect("text"));
        let insert = "INSERT INTO t VALUES ($1, $2, $3)";
        client.execute(insert, &[&id, &v, &w]).await.expect("a row");
    }
    let before = Rows::read(&client, "t", "id").await;
    let config = "[[table]]\nname = \"t\"\n[table.columns]\nw = \"node-hex\"\n\
                  v = { write = \"node-hex\", read = [\"go-b64\"] }\n";
    let report = run(&database, &new, &old, config).run().await.expect(1).json();
    assert_eq!((&report["resealed_records"], &report["failed_records"]), (&57.into(), &3.into()));
    let refused = lines(&failures(&database).await);
    assert_eq!(
        refused,
        ["v 14 write_refused 22001", "v 24 write_refused 22001", "v 4 write_refused 22001"]
    );
    let after = Rows::read(&client, "t", "id").await;
    for id in 0..30_i32 {
        let (old_row, new_row) = (before.row(&id.to_string()), after.row(&id.to_string()));
        let opened = |column| open(&new, "node-hex", b"", &new_row.bytes(column).expect("a value"));
        assert_eq!(opened("w"), Some(plaintext(id)), "row {id}");
        if id % 10 == 4 {
            assert_eq!(old_row.cells["v"], new_row.cells["v"], "row {id}");
        } else {
            assert_eq!(opened("v"), Some(plaintext(id)), "row {id}");
        }
    }
    client.batch_execute("ALTER TABLE t ALTER v TYPE varchar(1000)").await.expect("a wider column");
    let report = run(&database, &new, &old, config).run().await.expect(0).json();
    assert_eq!(report["resealed_records"], 3, "{report}");
    assert!(failures(&database).await.is_empty());
}

/// A value beyond the bound is told by its length alone, listed, and done once the bound is raised.
#[tokio::test]
async fn a_value_beyond_the_bound_is_listed_as_too_large() {
    let database = TestDatabase::create().await;
    let url = database.url().to_owned();
    is_listed_as_too_large(&database, &url).await;
}

/// Behind a pooler stored values are compared as well; one that was not fetched cannot be, and keeps
/// no other value of its row from being resealed.
#[tokio::test]
async fn a_value_beyond_the_bound_is_listed_as_too_large_behind_a_pooler() {
    let database = TestDatabase::create().await;
    let url = relayed(&database).await;
    is_listed_as_too_large(&database, &url).await;
}

async fn is_listed_as_too_large(database: &TestDatabase, url: &str) {
    let client = database.client().await;
    let (old, new) = (TestKey::random(), TestKey::random());
    let table = "CREATE TABLE t (id int PRIMARY KEY, v bytea, w bytea)";
    client.batch_execute(table).await.expect("a table");
    let plaintext = |id: i32| vec![7; if id % 10 == 4 { 2_021 } else { 2_020 }];
    for id in 0..30_i32 {
        let (v, w) = (seal(&old, "go", b"", &plaintext(id)), seal(&old, "go", b"", b"small"));
        let insert = "INSERT INTO t VALUES ($1, $2, $3)";
        client.execute(insert, &[&id, &v, &w]).await.expect("a row");
    }
    // 2,020 bytes of plaintext, 12 of nonce and 16 of tag are just 2 KiB
    let config = "[[table]]\nname = \"t\"\n[table.columns]\nv = \"go\"\nw = \"go\"\n";
    let command = || {
        run(database, &new, &old, config)
            .env("DATABASE_URL", url)
            .arg("--page-bytes-max")
            .arg("4KiB")
    };
    let bounded = || command().arg("--value-bytes-max").arg("2KiB");
    let report = bounded().run().await.expect(1).json();
    assert_eq!((&report["resealed_records"], &report["failed_records"]), (&57.into(), &3.into()));
    let listed = lines(&failures(database).await);
    assert_eq!(listed, ["v 14 too_large -", "v 24 too_large -", "v 4 too_large -"]);
    let report = bounded().run().await.expect(1).json();
    assert_eq!((&report["resealed_records"], &report["failed_records"]), (&0.into(), &3.into()));
    let report = command().run().await.expect(0).json();
    assert_eq!((&report["resealed_records"], &report["failed_records"]), (&3.into(), &0.into()));
    for row in client.query("SELECT id, v, w FROM t", &[]).await.expect("rows") {
        assert_eq!(open(&new, "go", b"", row.get(1)), Some(plaintext(row.get(0))));
        assert_eq!(open(&new, "go", b"", row.get(2)).as_deref(), Some(&b"small"[..]));
    }
}
