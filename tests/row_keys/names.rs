//! Odd names, names that mean several tables, and names that look alike.

use super::support::TestDatabase;
use super::walked::{Keys, Table, pages_and_rows, quoted, rotate, run};

/// A table with these exact names.
async fn create(
    database: &TestDatabase,
    keys: &Keys,
    [schema, table, key, value]: [&str; 4],
) -> Table {
    let client = database.client().await;
    let name = format!("{}.{}", quoted(schema), quoted(table));
    let statement = format!(
        "CREATE SCHEMA IF NOT EXISTS {}; \
         CREATE TABLE {name} ({} text PRIMARY KEY, {} bytea, number int)",
        quoted(schema),
        quoted(key),
        quoted(value)
    );
    client.batch_execute(&statement).await.expect(table);
    let table = Table { name, value: value.to_owned() };
    table.fill(&client, keys, 1..=9, (&quoted(key), "'k' || g")).await;
    table
}

#[tokio::test]
async fn odd_names_are_only_names() {
    let long = ["s", "t", "k", "v"].map(|letter| letter.repeat(63));
    let wide = ["ж", "щ", "я"].map(|letter| letter.repeat(31));
    let names = [
        ["Mixed Case", "Table", "Id", "Secret Value"],
        ["quo\"ted", "ta\"\"ble", "\"k\"", "va\"lue"],
        ["select", "from", "order", "where"],
        ["schlüssel", "таблица", "ключ", "🔑"],
        ["it's", "a;b--c", "/* k */", "v'); DROP TABLE t"],
        ["back\\slash", "tab\there", "line\nbreak", "\\x"],
        ["$1", "$body$", "$2", "$$"],
        ["100%", "a_b*c%", "%", "_"],
        ["per cent", "azb*c!", "%", "_"],
        ["{relation}", "{columns}", "{key_order}", "{range}"],
        ["page", "written", "t", "n"],
        ["pages", "t", "k1", "v0"],
        ["pages", "xmins", "read_xmin", "ctid2"],
        ["wide", &wide[0], &wide[1], &wide[2]],
        [&long[0], &long[1], &long[2], &long[3]],
    ];
    let database = TestDatabase::create().await;
    let keys = Keys::random();
    let mut tables = Vec::new();
    for names in names {
        tables.push(create(&database, &keys, names).await);
    }
    rotate(&database, &keys, &tables).await;
}

/// Without a schema the search path decides; the same name elsewhere is another table.
#[tokio::test]
async fn a_table_of_the_same_name_in_another_schema_is_left_alone() {
    let database = TestDatabase::create().await;
    let keys = Keys::random();
    let mut tables = Vec::new();
    for schema in ["one", "two", "public"] {
        tables.push(create(&database, &keys, [schema, "secrets", "k", "v"]).await);
    }
    let path = format!("ALTER DATABASE {} SET search_path = two, public", database.name());
    database.batch(&path).await;
    let unqualified = Table { name: "SECRETS".to_owned(), value: "v".to_owned() };
    let report = rotate(&database, &keys, &[unqualified]).await;
    assert_eq!(report["tables"][0]["table"], "two.secrets");
    let client = database.client().await;
    assert_eq!(tables[1].check(&client, &keys).await, 9);
    let others = rotate(&database, &keys, &[tables[0].clone(), tables[2].clone()]).await;
    assert_eq!(others["total_records"], 18);
}

/// Dots in names: `dot."ted.t"`, `"dot.ted".t` and their like are different tables in the ledger too.
#[tokio::test]
async fn names_that_read_alike_without_quotes_are_told_apart() {
    let database = TestDatabase::create().await;
    let keys = Keys::random();
    let mut tables = Vec::new();
    for (schema, table) in
        [("dot.ted", "t"), ("dot", "ted.t"), ("\"dot", "ted\".t"), ("\"dot.ted\"", "t")]
    {
        tables.push(create(&database, &keys, [schema, table, "k", "v"]).await);
    }
    let report = rotate(&database, &keys, &tables).await;
    let reported = report["tables"].as_array().expect("a list");
    assert_eq!(reported.len(), 4, "{report}");
    assert!(reported.iter().all(|table| table["resealed_records"] == 9), "{report}");
}

#[tokio::test]
async fn a_wildcard_means_every_table_that_it_matches() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    for schema in ["tenant_a", "tenant_b", "Tenant_c", "tenantxd"] {
        create(&database, &keys, [schema, "secrets", "k", "v"]).await;
        create(&database, &keys, [schema, "secrets_of_old", "k", "v"]).await;
    }
    database.batch("CREATE SCHEMA tenant_view CREATE VIEW secrets AS SELECT 1 AS k, 2 AS v").await;
    let wildcard = Table { name: "tenant_*.secrets".to_owned(), value: "v".to_owned() };
    let report = run(&database, &keys, &[wildcard]).run().await.expect(0).json();
    assert_eq!(report["resealed_records"], 18, "{report}");
    for (schema, rows) in [("tenant_a", 9), ("tenant_b", 9), ("Tenant_c", 0), ("tenantxd", 0)] {
        let counted = pages_and_rows(&client, &format!("{schema}.secrets")).await;
        assert_eq!(counted.1, rows, "{schema}");
        let counted = pages_and_rows(&client, &format!("{schema}.secrets_of_old")).await;
        assert_eq!(counted.1, 0, "{schema}");
    }
}
