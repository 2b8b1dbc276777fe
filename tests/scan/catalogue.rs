//! Which columns are looked at: partitions once, odd names, and what may not be read.

use super::support::TestKey;
use super::{Site, places, sealed};

#[tokio::test]
async fn a_partitioned_table_is_one_table() {
    let site = Site::new().await;
    site.database
        .batch(
            "CREATE TABLE events (id bigint PRIMARY KEY, v text) PARTITION BY RANGE (id);
             CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (5);
             CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (5) TO (1000);
             CREATE TABLE parent (id int PRIMARY KEY, p text);
             CREATE TABLE child (v text, PRIMARY KEY (id)) INHERITS (parent)",
        )
        .await;
    site.insert("events", "v", "text", &sealed::values(&site.old, "enc-v1", "events", "v", 9))
        .await;
    site.insert("child", "v", "text", &sealed::values(&site.old, "enc-v1", "child", "v", 3)).await;
    let report = site.command("scan").json().run().await.expect(0).json();
    assert_eq!(places(&report, "found"), ["public.child.v", "public.events.v"]);
    assert_eq!((&report["columns"], &report["found"][1]["values"]), (&3.into(), &9.into()));
    // all partitions together are the table, one of them is not
    for (names, code) in [("events_*", 0), ("events", 0), ("events_1", 1)] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("some.toml");
        let table =
            |name: &str| format!("[[table]]\nname = \"{name}\"\n[table.columns]\nv = \"enc-v1\"\n");
        std::fs::write(&path, table(names) + &table("child")).expect("a file");
        site.command("scan --against").arg(&path).run().await.expect(code);
    }
}

#[tokio::test]
async fn odd_names_are_written_so_that_they_are_found_again() {
    let site = Site::new().await;
    site.database.batch(r#"CREATE SCHEMA "Odd ""Schema"""; CREATE SCHEMA "a.b""#).await;
    for (table, bare, quoted, column) in [
        (r#""Odd ""Schema"""."st*r""#, "st*r", r#""Se.cret ""1""""#, "Se.cret \"1\""),
        (r#""a.b"."größe {x}""#, "größe {x}", r#""$1; --""#, "$1; --"),
        ("\"select\"", "select", "\"Column\"", "Column"),
    ] {
        let values = sealed::values(&site.old, "lockbox", bare, column, 3);
        site.table(table, quoted, "text", &values).await;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    site.command("scan --write").arg(&path).run().await.expect(0);
    let run = site.command("run --config").arg(&path).json().run().await.expect(0).json();
    assert_eq!(run["resealed_records"], 9);
    site.command("scan --against").arg(&path).run().await.expect(0);
}

#[tokio::test]
async fn what_may_not_be_read_is_said() {
    let site = Site::new().await;
    for table in ["open", "half", "shut", "hidden"] {
        site.table(table, "v", "text", &sealed::values(&site.old, "enc-v1", table, "v", 3)).await;
    }
    site.database
        .batch(
            "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
             ALTER TABLE open ADD tags text[], ADD upper text GENERATED ALWAYS AS (upper(v)) STORED;
             CREATE MATERIALIZED VIEW copied AS SELECT * FROM open;
             CREATE ROLE scan_reader LOGIN PASSWORD 'reader';
             GRANT SELECT ON open, hidden, copied TO scan_reader; GRANT SELECT (id) ON half TO scan_reader",
        )
        .await;
    let scan = site.command("scan").json();
    let report = scan.env("DATABASE_URL", site.database.url_of("scan_reader", "reader"));
    let report = report.run().await.expect(0).json();
    assert_eq!(places(&report, "found"), ["public.open.v"]);
    let passed = report["not_looked_at"].as_array().expect("a list").iter();
    let passed: Vec<String> = passed
        .map(|line| {
            let word = |name: &str| line[name].as_str().unwrap_or("*").to_owned();
            format!("{}.{}: {}", word("table"), word("column"), word("why"))
        })
        .collect();
    assert_eq!(
        passed,
        [
            "public.copied.*: a materialized view: a refresh after the rotation brings it along",
            "public.half.v: no SELECT",
            "public.hidden.*: row-level security would hide rows",
            "public.open.tags: a column of type text[] cannot be resealed",
            "public.open.upper: generated: it follows the columns it is computed from",
            "public.shut.v: no SELECT",
        ]
    );
    site.database.batch("REVOKE ALL ON open, hidden, copied FROM scan_reader; DROP MATERIALIZED VIEW copied; DROP TABLE hidden").await;
    let blind =
        site.command("scan").env("DATABASE_URL", site.database.url_of("scan_reader", "reader"));
    let blind = blind.run().await.expect(3);
    assert!(blind.stderr.contains("may read none of"), "{}", blind.stderr);
    site.database.batch("DROP OWNED BY scan_reader; DROP ROLE scan_reader").await;
}

#[tokio::test]
async fn empty_tables_and_empty_values() {
    let site = Site::new().await;
    site.table("nothing", "v", "text", &[]).await;
    let mut values = sealed::values(&site.old, "enc-v1", "little", "v", 1);
    values.extend(vec![Vec::new(); 5]);
    site.table("little", "v", "text", &values).await;
    site.database.batch("INSERT INTO little VALUES (100, NULL)").await;
    let report = site.command("scan").json().run().await.expect(0).json();
    assert_eq!(places(&report, "found"), ["public.little.v"]);
    assert_eq!((&report["values"], &report["found"][0]["values"]), (&1.into(), &1.into()));
    assert_eq!((&report["tables"], &report["columns"]), (&2.into(), &2.into()));
}

#[tokio::test]
async fn schemas_that_are_named() {
    let site = Site::new().await;
    site.database.batch("CREATE SCHEMA tenant_1; CREATE SCHEMA tenant_2").await;
    for table in ["tenant_1.s", "tenant_2.s", "public.s"] {
        site.table(table, "v", "text", &sealed::values(&site.old, "enc-v1", "s", "v", 2)).await;
    }
    let words = "scan --schema tenant_1 --schema tenant_2";
    let report = site.command(words).json().run().await.expect(0).json();
    assert_eq!(places(&report, "found"), ["tenant_1.s.v", "tenant_2.s.v"]);
}

/// The ledger keeps nothing that a scan should report, and a run leaves the scan as it was.
#[tokio::test]
async fn the_ledger_is_none_of_it() {
    let site = Site::new().await;
    site.table("t", "v", "text", &sealed::values(&site.old, "enc-v1", "t", "v", 2)).await;
    site.command("run -c t.v").run().await.expect(0);
    let stranger = TestKey::random();
    let scan = site.command("scan").previous_keys(&[&stranger]).json().run().await.expect(0).json();
    assert_eq!(scan["tables"], 1);
}
