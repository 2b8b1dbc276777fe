//! Values good and bad under three kinds of row key, from their rotation through repair and
//! acceptance to a run that finds nothing to do.

mod support;

#[path = "values/damage.rs"]
mod damage;
#[path = "values/table.rs"]
mod table;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Outcome, Reseal, Rotation, Rows, TestDatabase, TestKey, seal};
use table::{COLUMNS, Fate, Kind, Seeded};

#[tokio::test]
async fn values_under_a_bigint_key() {
    goes_its_way(Kind {
        table: "by_bigint",
        key_columns: "id bigint PRIMARY KEY".to_owned(),
        key: "id::text",
        key_of: |n| vec![(i64::try_from(n * 7_919 % 1_000).unwrap() - 500).to_string()],
        secret: ("bytea", "go"),
        token: ("text", "go-hex"),
    })
    .await;
}

#[tokio::test]
async fn values_under_a_uuid_key() {
    goes_its_way(Kind {
        table: "by_uuid",
        key_columns: "id uuid PRIMARY KEY".to_owned(),
        key: "id::text",
        key_of: |n| vec![format!("{:08x}-0000-4000-8000-{n:012x}", n * 2_654_435 % 0x7fff_ffff)],
        secret: ("text", "enc-v1"),
        token: ("varchar", "node-hex"),
    })
    .await;
}

#[tokio::test]
async fn values_under_a_composite_key_with_a_collation() {
    goes_its_way(Kind {
        table: "by_name_and_time",
        key_columns: "name text COLLATE \"en-x-icu\", at timestamptz, PRIMARY KEY (name, at)"
            .to_owned(),
        key: "name::text||'|'||at::text",
        key_of: |n| {
            let name = ["ärger", "zebra", "it's", "Zebra", "a\\b", "Ärger", ""][n % 7];
            vec![
                name.to_owned(),
                format!("2024-02-{:02} 12:00:00.{:04}+00", n % 28 + 1, 10 * n + 1),
            ]
        },
        secret: ("varchar(100000)", "go-b64url"),
        token: ("bytea", "node-hex-iv16"),
    })
    .await;
}

/// Seeds, runs, repairs, runs, and runs once more.
async fn goes_its_way(kind: Kind) {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let mut seeded = Seeded::plan(kind);
    seeded.create(&client).await;
    let read = async || Rows::read(&client, seeded.kind.table, seeded.kind.key).await;

    let before = read().await;
    let outcome = run(&database, &seeded).await.expect(1);
    let after = read().await;
    seeded.check(&before, &after);
    counts_fit(&outcome.json(), &seeded, "completed_with_failures");
    lists_exactly(&failures(&database, "failures").await, &seeded);

    seeded.repair(&client).await;
    let table = (seeded.kind.table, seeded.kind.key);
    let before = Rows::read(&client, table.0, table.1).await;
    mark_the_resealed_as_new(&mut seeded, &before);
    let outcome = run(&database, &seeded).await.expect(0);
    let after = Rows::read(&client, table.0, table.1).await;
    seeded.check(&before, &after);
    counts_fit(&outcome.json(), &seeded, "completed");
    assert!(failures(&database, "failures").await.is_empty());
    let resolved = failures(&database, "failures --all").await;
    assert!(!resolved.is_empty() && resolved.iter().all(|f| f["resolved_at"].is_string()));

    let outcome = run(&database, &seeded).await.expect(0).json();
    let at_rest = Rows::read(&client, table.0, table.1).await;
    assert_eq!(at_rest, after, "a run with nothing to do wrote a row");
    assert_eq!((&outcome["resealed_records"], &outcome["failed_records"]), (&0.into(), &0.into()));
    let verified = command("verify", &database, &seeded).run().await.expect(0).json();
    assert_eq!(verified["status"], "verified");
    assert_eq!(verified["processed_records"], outcome["total_records"]);
}

/// What the first run resealed is current for the second; what was repaired is not.
fn mark_the_resealed_as_new(seeded: &mut Seeded, now: &Rows) {
    let keys: Vec<String> = seeded.rows.iter().map(|row| seeded.key(row)).collect();
    for (row, key) in seeded.rows.iter_mut().zip(keys) {
        for (cell, name) in row.cells.iter_mut().zip(COLUMNS) {
            let is_as_seeded = now.row(&key).bytes(name) == cell.stored;
            if cell.fate == Fate::Resealed && !is_as_seeded {
                cell.fate = Fate::AlreadyNew;
            }
        }
    }
}

#[tokio::test]
async fn an_accepted_value_fails_nothing_until_it_changes() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let mut seeded = Seeded::plan(Kind {
        table: "hopeless",
        key_columns: "id int PRIMARY KEY".to_owned(),
        key: "id::text",
        key_of: |n| vec![n.to_string()],
        secret: ("text", "go-b64"),
        token: ("bytea", "go"),
    });
    seeded.create(&client).await;
    run(&database, &seeded).await.expect(1);
    command("verify", &database, &seeded).run().await.expect(1);
    let listed = failures(&database, "failures").await;
    let (kept, last) = listed.split_at(listed.len() - 1);
    for failure in kept {
        accept(&database, failure).await.expect(0);
    }
    run(&database, &seeded).await.expect(1);
    command("verify", &database, &seeded).run().await.expect(1);
    accept(&database, &last[0]).await.expect(0);

    let outcome = run(&database, &seeded).await.expect(0).json();
    assert_eq!(outcome["status"], "completed");
    assert_eq!(outcome["accepted_records"], listed.len());
    counts_fit(&outcome, &seeded, "completed");
    let verified = command("verify", &database, &seeded).run().await.expect(0).json();
    assert_eq!(
        (&verified["status"], &verified["accepted_records"]),
        (&"verified".into(), &listed.len().into())
    );
    let audited = "SELECT count(*) FROM reseal.audit_event WHERE event = 'failure accepted'";
    let audited: i64 = client.query_one(audited, &[]).await.expect("a count").get(0);
    assert_eq!(audited, i64::try_from(listed.len()).unwrap());

    let changed = seal(&TestKey::random(), "go-b64", b"", b"as hopeless, but another");
    let changed = String::from_utf8(changed).expect("base64");
    let id = listed.iter().find(|f| f["column"] == "secret").expect("one")["key"][0].clone();
    let update =
        format!("UPDATE hopeless SET secret = '{changed}' WHERE id = {}", id.as_str().unwrap());
    client.batch_execute(&update).await.expect("an update");
    command("verify", &database, &seeded).run().await.expect(1);
    let outcome = run(&database, &seeded).await.expect(1).json();
    assert_eq!(outcome["accepted_records"], listed.len() - 1);
    accept(&database, &serde_json::json!({"id": 1_000_000})).await.expect(2);
    seeded.repair(&client).await;
    run(&database, &seeded).await.expect(0);
}

fn command(words: &str, database: &TestDatabase, seeded: &Seeded) -> Reseal {
    let command = Reseal::new(words).on(database).current_key(&seeded.keys.new).json();
    command.config(seeded.config())
}

async fn run(database: &TestDatabase, seeded: &Seeded) -> Outcome {
    let words = "run --page-rows-max 40 --page-bytes-max 100KiB";
    command(words, database, seeded).previous_keys(&[&seeded.keys.old]).run().await
}

async fn accept(database: &TestDatabase, failure: &Value) -> Outcome {
    let command = Reseal::new("failures accept").arg(failure["id"].to_string());
    command.arg("--reason").arg("lost in 2019").on(database).run().await
}

async fn failures(database: &TestDatabase, words: &str) -> Vec<Value> {
    let listed = Reseal::new(words).on(database).json().run().await.expect(0).json();
    listed["failures"].as_array().expect("a list").clone()
}

/// Every value counted is accounted for.
fn counts_fit(report: &Value, seeded: &Seeded, status: &str) {
    let total = seeded.count(|fate| fate != Fate::LeftAlone);
    let failed = seeded.count(|fate| matches!(fate, Fate::Fails(_)));
    let resealed = seeded.count(|fate| fate == Fate::Resealed);
    for (field, expected) in [
        ("status", status.into()),
        ("total_records", Value::from(total)),
        ("processed_records", (total - failed).into()),
        ("failed_records", failed.into()),
        ("remaining_records", 0.into()),
        ("conflicts", 0.into()),
    ] {
        assert_eq!(report[field], expected, "{field} of {report}");
    }
    if report["accepted_records"] == 0 {
        assert_eq!(report["resealed_records"], resealed, "{report}");
    }
}

/// The list names what fails, and nothing else.
fn lists_exactly(listed: &[Value], seeded: &Seeded) {
    let table = format!("public.{}", seeded.kind.table);
    let line = |column: &str, key: Value, reason: &str| format!("{table} {column} {key} {reason}");
    let expected: BTreeSet<String> = seeded
        .failing()
        .map(|(n, column, reason)| line(COLUMNS[column], (seeded.kind.key_of)(n).into(), reason))
        .collect();
    let word = |failure: &Value, field: &str| failure[field].as_str().unwrap().to_owned();
    let found: BTreeSet<String> = listed
        .iter()
        .map(|f| {
            assert_eq!(f["table"], table);
            line(&word(f, "column"), f["key"].clone(), &word(f, "reason"))
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(listed.len(), found.len());
}

/// The ledger quotes such a name, and must know the table by it when the run ends.
#[tokio::test]
async fn failures_of_an_oddly_named_table_stay_listed() {
    let rotation = Rotation::of(20).await;
    let table = r#"CREATE TABLE "an odd.""name""" (id bigint PRIMARY KEY, value bytea);
         INSERT INTO "an odd.""name""" SELECT id, CASE WHEN id = 5 THEN 'x' ELSE value END FROM secrets"#;
    rotation.database.batch(table).await;
    let run = rotation.run().arg("-c").arg(r#""an odd.""name""".value:go"#);
    run.spawn().wait().await.expect(1);
}
