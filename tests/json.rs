//! Values that are strings in documents: json, jsonb, and text that holds JSON. Each is a record; what stands
//! beside them stays as it is.

mod support;

#[path = "json/beside.rs"]
mod beside;
#[path = "json/documents.rs"]
mod documents;
#[path = "json/objects.rs"]
mod objects;
#[path = "json/refused.rs"]
mod refused;
#[path = "json/shapes.rs"]
mod shapes;

use documents::Documents;
use serde_json::Value;
use support::{open, seal};

/// What the runbook reads: total, processed, resealed, failed, remaining.
#[track_caller]
fn expect_counts(status: &Value, expected: [i64; 5]) {
    let names = [
        "total_records",
        "processed_records",
        "resealed_records",
        "failed_records",
        "remaining_records",
    ];
    let counts = names.map(|name| status[name].as_i64().expect(name));
    assert_eq!(counts, expected, "{names:?} {status}");
}

/// Encrypted values at several depths next to plain ones, one of them corrupted, in columns of every kind.
async fn settings(documents: &Documents) -> String {
    let [a, b, c, d] = ["smtp", "first", "second", "deep"].map(|text| documents.sealed(text));
    let corrupted = documents.corrupted();
    // key order, numbers, a key that stands twice, and white space say whether anything was serialised again
    format!(
        r#"{{"zeta": 1.50,  "smtp":{{"password":"{a}" , "host":"mail.example", "port": 2.50e1}},
  "accounts": [ {{"secret":"{b}", "note":"enc: not one"}}, {{"secret":"{corrupted}"}}, null ],
  "alpha": [[["{c}", {{"x": {{"y": "{d}"}}}}]]], "zeta": 12345678901234567890.10, "empty": "", "flag":true}}"#
    )
}

#[tokio::test]
async fn what_stands_beside_the_values_stays() {
    for kind in ["json", "text", "jsonb"] {
        let documents = Documents::of(kind, r#"["$.**"]"#).await;
        documents.insert(1, &settings(&documents).await).await;
        let before = documents.text(1).await;
        let plan = documents.command("plan").run().await.expect(0).json();
        assert_eq!(plan["estimated_records"], 5, "{kind} {plan}");
        assert_eq!(plan["tables"][0]["columns"][0]["paths"][0], "$.**");

        let status = documents.command("run").run().await.expect(1).json();
        expect_counts(&status, [5, 4, 4, 1, 0]);
        let after = documents.text(1).await;
        documents.expect_only_values_changed(&before, &after);
        let mut opened = documents.opened(&after);
        opened.sort_unstable();
        assert_eq!(opened, ["deep", "first", "second", "smtp"].map(Some));
        let failures = documents.failures().await;
        let [failure] = failures.as_slice() else { panic!("{failures:?}") };
        assert_eq!(failure["path"], "$['accounts'][1]['secret']");
        assert_eq!(failure["reason"], "no_key_opens_it");

        let again = documents.command("run").run().await.expect(1).json();
        expect_counts(&again, [5, 4, 0, 1, 0]);
        assert_eq!(documents.text(1).await, after);
        documents.verify().run().await.expect(1);
    }
}

/// An acceptance is of one string, and holds for that string.
#[tokio::test]
async fn a_string_is_accepted_as_it_is() {
    let documents = Documents::of("jsonb", r#"["$.**"]"#).await;
    let (one, two) = (documents.corrupted(), documents.corrupted());
    let document = |one: &str| format!(r#"{{"a": "{one}", "b": "{two}"}}"#);
    documents.insert(1, &document(&one)).await;
    let run = || documents.command("run --allow-unreadable");
    expect_counts(&run().run().await.expect(1).json(), [2, 0, 0, 2, 0]);
    let failures = documents.failures().await;
    let paths: Vec<&Value> = failures.iter().map(|failure| &failure["path"]).collect();
    assert_eq!(paths, ["$['a']", "$['b']"]);
    for (accepted, failure) in (1..).zip(&failures) {
        let accept = format!("failures accept {} --reason lost", failure["id"]);
        documents.ledger(&accept).run().await.expect(0);
        let verified = documents.verify().run().await.expect(i32::from(accepted < 2)).json();
        assert_eq!(verified["accepted_records"], accepted, "{verified}");
    }
    let status = run().run().await.expect(0).json();
    assert_eq!((&status["status"], &status["accepted_records"]), (&"completed".into(), &2.into()));
    // another value at the same path is not what was accepted
    documents.database.batch("DELETE FROM documents").await;
    documents.insert(1, &document(&documents.corrupted())).await;
    let status = run().run().await.expect(1).json();
    assert_eq!((&status["failed_records"], &status["accepted_records"]), (&2.into(), &1.into()));
}

/// Values of several rows, columns of both kinds, and the row's own additional data.
#[tokio::test]
async fn records_are_strings() {
    let documents = Documents::with(
        "CREATE TABLE documents (id int PRIMARY KEY, document jsonb, token text)",
        r#"document = { json = ["$.list[*]"], layout = "enc-v1", aad = "{id}" }
           token = "enc-v1""#,
    )
    .await;
    let client = documents.database.client().await;
    for id in 1..=300_i32 {
        let aad = id.to_string();
        let value = |n: i32| {
            let sealed =
                seal(&documents.old, "enc-v1", aad.as_bytes(), format!("{id}.{n}").as_bytes());
            format!("\"{}\"", String::from_utf8(sealed).expect("text"))
        };
        let list: Vec<String> = (0..id % 4).map(value).collect();
        let document = format!(r#"{{"list": [{}], "n": {id}}}"#, list.join(", "));
        let insert = "INSERT INTO documents VALUES ($1, $2::text::jsonb, $3)";
        let token = documents.sealed("token");
        client.execute(insert, &[&id, &document, &token]).await.expect("a row");
    }
    let strings = (1..=300).map(|id| id % 4).sum::<i64>();
    let run = documents.command("run --page-rows-max 64 --workers 2");
    let status = run.run().await.expect(0).json();
    let total = strings + 300;
    expect_counts(&status, [total, total, total, 0, 0]);
    for row in client.query("SELECT id, document::text FROM documents", &[]).await.expect("rows") {
        let (id, document): (i32, String) = (row.get(0), row.get(1));
        let parsed: Value = serde_json::from_str(&document).expect("JSON");
        for (n, value) in parsed["list"].as_array().expect("a list").iter().enumerate() {
            let value = value.as_str().expect("a string").as_bytes();
            let plaintext = open(&documents.new, "enc-v1", id.to_string().as_bytes(), value);
            assert_eq!(plaintext, Some(format!("{id}.{n}").into_bytes()));
        }
    }
    let verified = documents.verify().run().await.expect(0).json();
    assert_eq!(verified["processed_records"], total);
    let seals = "SELECT seals_reserved FROM reseal.key_use";
    let reserved: i64 = client.query_one(seals, &[]).await.expect("a key").get(0);
    assert!(reserved >= total, "{reserved}");
}
