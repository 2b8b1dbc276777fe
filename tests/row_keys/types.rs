//! Row keys of every type.

use serde_json::json;
use tokio_postgres::Client;

use super::support::{Reseal, TestDatabase, TestKey, seal};
use super::walked::{Keys, PAGE_ROWS, ROWS, Table, pages_and_rows, rotate, run};

/// Types outside the search path, and collations.
const TYPES: &str = r#"
    CREATE SCHEMA elsewhere;
    CREATE DOMAIN elsewhere.code AS text COLLATE "C" CHECK (value <> 'never');
    CREATE DOMAIN elsewhere."Coded Code" AS elsewhere.code;
"#;

/// Table, key columns with their types, how they are made from the row number `g`, and the index
/// that carries the walk.
struct Case(&'static str, &'static str, &'static str, &'static str);

const PRIMARY: &str = "PRIMARY KEY";
const WORDS: &str =
    "(ARRAY['a', 'B', 'ä', 'Z', 'z', '', 'it''s', 'a\\b', 'o', 'O', 'ö'])[g % 11 + 1]";

fn cases() -> Vec<Case> {
    vec![
        Case("by_bigint", "k bigint", "(g - 20) * 1000000000000", PRIMARY),
        Case("by_int", "k int", "g * 17 % 101 - 50", PRIMARY),
        Case("by_smallint", "k smallint", "(g * 17 % 101 - 50)::smallint", PRIMARY),
        Case("by_uuid", "k uuid", "md5(g::text)::uuid", PRIMARY),
        Case("by_text", "k text", "WORDS || g", PRIMARY),
        Case("by_text_c", "k text COLLATE \"C\"", "WORDS || g", PRIMARY),
        Case("by_char", "k char(12)", "WORDS || g", PRIMARY),
        Case("by_varchar", "k varchar(20)", "WORDS || ' ' || g", PRIMARY),
        Case("by_bytea", "k bytea", "decode(md5(g::text), 'hex')", PRIMARY),
        Case(
            "by_timestamptz",
            "k timestamptz",
            "CASE g WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '0044-03-15 BC' \
             ELSE '2024-03-31 00:30+00'::timestamptz + g * interval '20 minutes 1 microsecond' END",
            PRIMARY,
        ),
        Case(
            "by_numeric",
            "k numeric",
            "CASE g WHEN 1 THEN 'NaN' WHEN 2 THEN '-Infinity' WHEN 3 THEN 1e100 ELSE (g - 20) / 3.0 END",
            PRIMARY,
        ),
        Case(
            "by_date",
            "k date",
            "CASE g WHEN 1 THEN 'infinity' ELSE '2024-02-01'::date + g END",
            PRIMARY,
        ),
        Case("by_enum", "k elsewhere.\"Mood\"", "('mood ' || g)::elsewhere.\"Mood\"", PRIMARY),
        Case("by_bool_and_int", "b bool, n int", "g % 3 = 0, g", "PRIMARY KEY"),
        Case("by_domain", "k elsewhere.\"Coded Code\"", "(WORDS || g)::elsewhere.code", PRIMARY),
        Case("by_interval", "k interval", "g * interval '-1 month 3 days'", PRIMARY),
        Case("by_float8", "k float8", "CASE g WHEN 1 THEN 'NaN' ELSE (g - 20) / 3.0 END", PRIMARY),
        Case("by_inet", "k inet", "('10.0.0.' || g || '/' || 8 + g % 24)::inet", PRIMARY),
        Case("by_name", "k name", "(WORDS || g)::name", PRIMARY),
        Case("by_range", "k int4range", "int4range(g % 10, g + 11)", PRIMARY),
        Case(
            "by_four",
            "a text COLLATE \"C\", b smallint, c timestamptz, d uuid",
            "'same', (g % 3)::smallint, '2024-01-01'::timestamptz + g % 5 * interval '1 s', md5(g::text)::uuid",
            PRIMARY,
        ),
        Case("by_descending", "k int NOT NULL", "g * 17 % 101", "UNIQUE INDEX (k DESC)"),
        Case(
            "by_descending_pair",
            "a int NOT NULL, b text NOT NULL",
            "g % 4, WORDS || g",
            "UNIQUE INDEX (a DESC, b DESC)",
        ),
        Case(
            "by_index_with_include",
            "k int NOT NULL",
            "g * 17 % 101",
            "UNIQUE INDEX (k) INCLUDE (number, secret)",
        ),
        Case("by_unique_index", "k int NOT NULL", "g", "UNIQUE INDEX (k)"),
    ]
}

/// What this server has besides.
async fn further_cases(client: &Client) -> Vec<Case> {
    let has = async |statement: &str| -> bool {
        client.query_one(statement, &[]).await.expect("a catalogue").get(0)
    };
    let mut cases = Vec::new();
    if has("SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'de-x-icu')").await {
        let collation = "CREATE COLLATION elsewhere.ignoring_case \
                         (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
        client.batch_execute(collation).await.expect("a collation");
        cases.push(Case("by_text_icu", "k text COLLATE \"de-x-icu\"", "WORDS || g", PRIMARY));
        let key = "k text COLLATE elsewhere.ignoring_case";
        cases.push(Case("by_text_ignoring_case", key, "WORDS || g", PRIMARY));
        let key = "k varchar(30) COLLATE elsewhere.ignoring_case, n int";
        cases.push(Case("by_varchar_ignoring_case", key, "WORDS, g", PRIMARY));
    }
    if has("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext')").await {
        let extension = "CREATE EXTENSION citext SCHEMA elsewhere; \
                         CREATE DOMAIN elsewhere.email AS elsewhere.citext;";
        client.batch_execute(extension).await.expect("an extension");
        cases.push(Case(
            "by_citext",
            "k elsewhere.citext",
            "(WORDS || g)::elsewhere.citext",
            PRIMARY,
        ));
        let email = "(WORDS || g)::elsewhere.email";
        cases.push(Case("by_email", "k elsewhere.email", email, PRIMARY));
    }
    cases
}

impl Case {
    /// The names of the key's columns.
    fn key(&self) -> String {
        let names = self.1.split(", ").map(|column| column.split(' ').next().unwrap_or_default());
        names.collect::<Vec<_>>().join(", ")
    }

    async fn create(&self, client: &Client, keys: &Keys) -> Table {
        let Self(name, columns, expressions, index) = self;
        let primary = (*index == PRIMARY).then(|| format!(", PRIMARY KEY ({})", self.key()));
        let primary = primary.unwrap_or_default();
        let create = format!("CREATE TABLE {name} (secret bytea, {columns}, number int{primary})");
        client.batch_execute(&create).await.expect(name);
        if let Some(index) = index.strip_prefix("UNIQUE INDEX") {
            let create = format!("CREATE UNIQUE INDEX ON {name} {index}");
            client.batch_execute(&create).await.expect(name);
        }
        let table = Table::new(name);
        let expressions = expressions.replace("WORDS", WORDS);
        table.fill(client, keys, 1..=ROWS, (&self.key(), &expressions)).await;
        table
    }
}

async fn create_all(client: &Client, keys: &Keys) -> (Vec<Case>, Vec<Table>) {
    let moods: Vec<String> = (1..=ROWS).map(|n| format!("'mood {}'", n * 7 % (ROWS + 1))).collect();
    let mood = format!("CREATE TYPE elsewhere.\"Mood\" AS ENUM ({})", moods.join(", "));
    client.batch_execute(&format!("{TYPES};{mood}")).await.expect("types");
    let mut cases = cases();
    cases.extend(further_cases(client).await);
    let mut tables = Vec::new();
    for case in &cases {
        tables.push(case.create(client, keys).await);
    }
    (cases, tables)
}

/// Every row is read once, in pages, and written once; none is passed over.
#[tokio::test]
async fn keys_of_every_type_are_walked_in_pages() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    let (cases, tables) = create_all(&client, &keys).await;
    rotate(&database, &keys, &tables).await;
    for Case(name, ..) in cases {
        let (pages, rows) = pages_and_rows(&client, &format!("public.{name}")).await;
        assert_eq!(rows, i64::from(ROWS), "{name}");
        assert!(pages >= i64::from((ROWS + PAGE_ROWS - 1) / PAGE_ROWS), "{name}: {pages} pages");
    }
    let report = run(&database, &keys, &tables).run().await.expect(0).json();
    assert_eq!(report["resealed_records"], 0, "{report}");
}

/// A failure is found again under its key, whatever the type: one line, more attempts; and an
/// acceptance holds.
#[tokio::test]
async fn failures_name_keys_of_every_type() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    let (cases, tables) = create_all(&client, &keys).await;
    let hopeless = seal(&TestKey::random(), "go", b"", b"nobody knows");
    let mut expected = Vec::new();
    for case in &cases {
        let name = case.0;
        let update = format!("UPDATE {name} SET secret = $1 WHERE number = 7");
        client.execute(&update, &[&hopeless]).await.expect(name);
        let key = case.key().replace(", ", "::text, ");
        let settings = "SET TimeZone = 'UTC'; SET IntervalStyle = postgres";
        client.batch_execute(settings).await.expect("settings");
        let select = format!("SELECT ARRAY[{key}::text] FROM {name} WHERE number = 7");
        let key: Vec<String> = client.query_one(&select, &[]).await.expect(name).get(0);
        expected.push((format!("public.{name}"), key));
    }
    expected.sort();
    let failures = async || {
        let listed = Reseal::new("failures").on(&database).json().run().await.expect(0).json();
        listed["failures"].as_array().expect("a list").clone()
    };
    run(&database, &keys, &tables).run().await.expect(1);
    let listed = failures().await;
    let mut found: Vec<(String, Vec<String>)> = listed
        .iter()
        .map(|f| serde_json::from_value(json!([f["table"], f["key"]])).expect("text"))
        .collect();
    found.sort();
    assert_eq!(found, expected);
    run(&database, &keys, &tables).run().await.expect(1);
    let again = failures().await;
    assert_eq!(again.len(), listed.len());
    for (first, again) in listed.iter().zip(&again) {
        assert_eq!(first["id"], again["id"]);
        assert!(again["attempts"].as_i64() > first["attempts"].as_i64(), "{again}");
    }
    let accept = "UPDATE reseal.failure SET accepted_at = now(), accepted_by = 'test'";
    client.batch_execute(accept).await.expect("an acceptance");
    run(&database, &keys, &tables).run().await.expect(0);
}

/// A key as long as an index can hold, beside names as long as they can be: the failure is listed, by the whole
/// of it, and is one failure when it is met again.
#[tokio::test]
async fn a_failure_of_a_row_with_a_very_long_key() {
    let database = TestDatabase::create().await;
    let (client, keys) = (database.client().await, Keys::random());
    let name = "n".repeat(63);
    let create = format!("CREATE TABLE {name} (number int, word text PRIMARY KEY, secret bytea)");
    client.batch_execute(&create).await.expect("a table");
    let table = Table::new(&name);
    // random, so that it cannot be compressed
    let word =
        "left((SELECT string_agg(md5(g || '-' || n), '') FROM generate_series(1, 100) AS n), 2670)";
    table.fill(&client, &keys, 1..=20, ("word", word)).await;
    let hopeless = seal(&TestKey::random(), "go", b"", b"nobody knows");
    let update = format!("UPDATE {name} SET secret = $1 WHERE number IN (7, 8)");
    client.execute(&update, &[&hopeless]).await.expect("two rows");
    for attempts in 1..=2 {
        let status = run(&database, &keys, &[Table::new(&name)]).run().await.expect(1).json();
        assert_eq!(status["status"], "completed_with_failures", "{status}");
        let listed = Reseal::new("failures").on(&database).json().run().await.expect(0).json();
        let listed = listed["failures"].as_array().expect("a list").clone();
        assert_eq!(listed.len(), 2, "run {attempts}");
        let key = |n: usize| listed[n]["key"][0].as_str().expect("a text").len();
        assert_eq!((key(0), key(1)), (2_670, 2_670));
    }
}
