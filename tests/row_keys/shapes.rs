//! Tables of unusual shape: partitions, children, dropped and generated columns, large values.

use tokio_postgres::Client;

use super::support::{Reseal, Rows, TestDatabase, open, seal};
use super::walked::{Keys, ROWS, Table, pages_and_rows, rotate, run};

/// Two levels, a default partition, and leaves that were tables of their own: other column order,
/// other numbers, dropped columns.
const PARTITIONS: &str = "
    CREATE TABLE events (day date, region text, id int, number int, note text, secret bytea,
                         PRIMARY KEY (id, day, region)) PARTITION BY RANGE (day);
    CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')
        PARTITION BY LIST (region);
    CREATE TABLE events_2023_eu PARTITION OF events_2023 FOR VALUES IN ('eu', 'uk');
    CREATE TABLE events_2023_rest PARTITION OF events_2023 DEFAULT;
    CREATE TABLE attached (secret bytea, gone_1 text, note text, id int NOT NULL, gone_2 bytea,
                           region text NOT NULL, number int, day date NOT NULL);
    ALTER TABLE attached DROP COLUMN gone_1, DROP COLUMN gone_2;
    ALTER TABLE events ATTACH PARTITION attached FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE events_default PARTITION OF events DEFAULT;
    CREATE TABLE events_empty PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
";

#[tokio::test]
async fn every_leaf_of_a_partitioned_table_is_walked_by_itself() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    client.batch_execute(PARTITIONS).await.expect("partitions");
    let events = Table::new("events");
    let key = "'2022-12-01'::date + g * 25, (ARRAY['eu', 'uk', 'us'])[g % 3 + 1], g";
    events.fill(&client, &keys, 1..=ROWS, ("day, region, id", key)).await;
    rotate(&database, &keys, &[events]).await;
    let mut rows = 0;
    for leaf in ["events_2023_eu", "events_2023_rest", "attached", "events_default"] {
        let (_, of_leaf) = pages_and_rows(&client, &format!("public.{leaf}")).await;
        assert!(of_leaf > 0, "{leaf}");
        rows += of_leaf;
    }
    assert_eq!(rows, i64::from(ROWS));
}

/// `{table}` is the table that was named, in every leaf.
#[tokio::test]
async fn the_additional_data_of_a_partition_names_its_parent() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    client.batch_execute(PARTITIONS).await.expect("partitions");
    for day in ["2022-05-05", "2023-05-05", "2024-05-05"] {
        let aad = format!("events.secret:{day}");
        let sealed = seal(&keys.old, "go", aad.as_bytes(), b"bound to the parent");
        let statement =
            format!("INSERT INTO events (day, region, id, secret) VALUES ('{day}', 'eu', 1, $1)");
        client.execute(&statement, &[&sealed]).await.expect("a row");
    }
    let config = "[[table]]\nname = \"events\"\n[table.columns]\n\
                  secret = { layout = \"go\", aad = \"{table}.{column}:{day}\" }\n";
    let run = Reseal::new("run").on(&database).config(config).current_key(&keys.new);
    run.previous_keys(&[&keys.old]).run().await.expect(0);
    let rows = client.query("SELECT day::text, secret FROM events", &[]).await.expect("rows");
    for row in rows {
        let aad = format!("events.secret:{}", row.get::<_, &str>(0));
        let opened = open(&keys.new, "go", aad.as_bytes(), row.get(1));
        assert_eq!(opened.as_deref(), Some(&b"bound to the parent"[..]));
    }
}

#[tokio::test]
async fn children_of_a_table_belong_to_it() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    let tables = "CREATE TABLE parent (id int PRIMARY KEY, secret bytea, number int);
        CREATE TABLE child (extra text, PRIMARY KEY (id)) INHERITS (parent);
        CREATE TABLE grandchild (code text NOT NULL UNIQUE) INHERITS (child);";
    client.batch_execute(tables).await.expect("tables");
    Table::new("parent").fill(&client, &keys, 1..=10, ("id", "g")).await;
    Table::new("child").fill(&client, &keys, 11..=20, ("id", "g")).await;
    // the same key as in the parent: uniqueness ends at the table
    Table::new("grandchild").fill(&client, &keys, 21..=30, ("id, code", "g % 10, 'c' || g")).await;
    let report = rotate(&database, &keys, &[Table::new("parent")]).await;
    assert_eq!(report["resealed_records"], 30);
    assert_eq!(report["tables"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn dropped_and_generated_columns_and_fillfactor_change_nothing() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    let table = "CREATE TABLE t (a text, number int, b numeric, secret bytea, c text, k int,
            twice int GENERATED ALWAYS AS (number * 2) STORED,
            length int GENERATED ALWAYS AS (octet_length(secret)) STORED,
            id bigint GENERATED ALWAYS AS IDENTITY, d text DEFAULT 'd') WITH (fillfactor = 40);
        ALTER TABLE t DROP COLUMN a, DROP COLUMN b, DROP COLUMN c, ADD PRIMARY KEY (k);
        ALTER TABLE t ADD late text DEFAULT 'late';";
    client.batch_execute(table).await.expect("a table");
    let table = Table::new("t");
    table.fill(&client, &keys, 1..=ROWS, ("k", "-g")).await;
    let before = Rows::read(&client, "t", "k").await;
    rotate(&database, &keys, &[table]).await;
    let after = Rows::read(&client, "t", "k").await;
    for (key, row) in &before.0 {
        for (name, cell) in row.cells.iter().filter(|(name, _)| *name != "secret") {
            assert_eq!(after.row(key).cells[name], *cell, "{name} of {key}");
        }
    }
}

#[tokio::test]
async fn empty_tables_and_tables_without_values_are_done_at_once() {
    let database = TestDatabase::create().await;
    let keys = Keys::random();
    let tables = "CREATE TABLE nothing (id int PRIMARY KEY, secret bytea, number int);
        CREATE TABLE nulls (id int PRIMARY KEY, secret bytea, number int);
        INSERT INTO nulls SELECT g, CASE WHEN g % 2 = 0 THEN '' END::bytea, g
        FROM generate_series(1, 50) AS g;";
    database.batch(tables).await;
    let tables = [Table::new("nothing"), Table::new("nulls")];
    let report = run(&database, &keys, &tables).run().await.expect(0).json();
    assert_eq!((&report["status"], &report["total_records"]), (&"completed".into(), &0.into()));
}

/// Values far beyond the byte bound of a page come one at a time.
#[tokio::test]
async fn large_values_pass_in_small_pages() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    let table = "CREATE TABLE large (id int PRIMARY KEY, note text, one bytea, two text);
        ALTER TABLE large ALTER one SET STORAGE EXTERNAL;";
    client.batch_execute(table).await.expect("a table");
    let large = vec![b'x'; 1 << 20];
    for id in 0..3_i32 {
        let one = seal(&keys.old, "go", b"", &large[id as usize..]);
        let two = (id % 2 == 0).then(|| seal(&keys.old, "go-b64", b"", &large[..100_000]));
        let two = two.map(|text| String::from_utf8(text).expect("base64"));
        let insert = "INSERT INTO large (id, one, two) VALUES ($1, $2, $3)";
        client.execute(insert, &[&id, &one, &two]).await.expect("a row");
    }
    let words = "run --page-bytes-max 64KiB -c large.one:go -c large.two:go-b64";
    let command = Reseal::new(words).on(&database).json();
    let command = command.current_key(&keys.new).previous_keys(&[&keys.old]);
    let report = command.run().await.expect(0).json();
    assert_eq!(report["resealed_records"], 5, "{report}");
    let (pages, rows) = pages_and_rows(&client, "public.large").await;
    assert_eq!(rows, 3);
    assert!(pages >= 3, "{pages} pages");
    for row in client.query("SELECT id, one, two FROM large", &[]).await.expect("rows") {
        let (id, one, two): (i32, Vec<u8>, Option<String>) = (row.get(0), row.get(1), row.get(2));
        let opened = open(&keys.new, "go", b"", &one).expect("the new key opens it");
        assert!(opened == large[id as usize..], "row {id}");
        assert_eq!(two.is_some(), id % 2 == 0);
        if let Some(two) = two {
            let opened = open(&keys.new, "go-b64", b"", two.as_bytes());
            assert!(opened.as_deref() == Some(&large[..100_000]), "row {id}");
        }
    }
}

const LOGGED: &str = "
    CREATE TABLE logged (id int PRIMARY KEY, secret bytea, number int,
                         lock_version smallint NOT NULL DEFAULT 3);
    CREATE TABLE log (id int, old_version int, new_version int);
    CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO log VALUES (new.id, old.lock_version, new.lock_version);
        RETURN new;
    END $$;
    CREATE TRIGGER log_it AFTER UPDATE ON logged FOR EACH ROW EXECUTE FUNCTION log_it();
";

/// The version column moves by one and the row's triggers fire once for each resealed row; rows
/// without anything to reseal keep theirs.
#[tokio::test]
async fn versions_and_triggers_move_once_a_resealed_row() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    client.batch_execute(LOGGED).await.expect("a table");
    let table = Table::new("logged");
    table.fill(&client, &keys, 1..=ROWS, ("id", "g")).await;
    let new_already = seal(&keys.new, "go", b"", super::walked::plaintext(50).as_bytes());
    let insert = "INSERT INTO logged VALUES (50, $1, 50), (51, NULL, 51), (52, '', 52)";
    client.execute(insert, &[&new_already]).await.expect("rows");
    let config = "[[table]]\nname = \"logged\"\nversion = \"lock_version\"\n\
                  [table.columns]\nsecret = \"go\"\n";
    let command = Reseal::new("run --page-rows-max 7").on(&database).config(config).json();
    let command = command.current_key(&keys.new).previous_keys(&[&keys.old]);
    for resealed in [ROWS, 0] {
        let report = command.clone().run().await.expect(0).json();
        assert_eq!(report["resealed_records"], resealed, "{report}");
        let logged = count(&client, "SELECT count(*) FROM log").await;
        assert_eq!(logged, i64::from(ROWS));
        let once = "SELECT count(DISTINCT id) FROM log WHERE old_version = 3 AND new_version = 4";
        assert_eq!(count(&client, once).await, i64::from(ROWS));
        let others = "SELECT count(*) FROM logged WHERE lock_version = 3 AND id >= 50";
        assert_eq!(count(&client, others).await, 3);
    }
    client.execute("DELETE FROM logged WHERE id > 50", &[]).await.expect("a deletion");
    assert_eq!(table.check(&client, &keys).await, u64::from(ROWS.unsigned_abs()) + 1);
    let warned = run(&database, &keys, &[table]).run().await.expect(0).stderr;
    assert!(warned.contains("log_it"), "{warned}");
}

async fn count(client: &Client, statement: &str) -> i64 {
    client.query_one(statement, &[]).await.expect("a count").get(0)
}
