//! Cells that hold nothing: left alone, listed, or (the empty string) encrypted, as their column says.

use serde_json::{Value, json};

use super::support::{TestDatabase, TestKey, open, seal};
use super::{failures, lines, run};

/// Ten values under the old key, two empty strings and a NULL, in a bytea column and in a text one.
async fn table(old: &TestKey) -> TestDatabase {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    client
        .batch_execute("CREATE TABLE t (id int PRIMARY KEY, b bytea, s text)")
        .await
        .expect("a table");
    for id in 1..=10 {
        let text = format!("value {id}");
        let value = seal(old, "go", b"", text.as_bytes());
        let token = String::from_utf8(seal(old, "enc-v1", b"", text.as_bytes())).expect("a text");
        client
            .execute("INSERT INTO t VALUES ($1, $2, $3)", &[&id, &value, &token])
            .await
            .expect("a row");
    }
    client
        .batch_execute("INSERT INTO t VALUES (11, '', ''), (12, '', NULL), (13, NULL, '')")
        .await
        .expect("rows");
    database
}

fn config(words: &str) -> String {
    format!(
        "[[table]]\nname = \"t\"\n[table.columns]\n\
         b = {{ layout = \"go\"{words} }}\ns = {{ layout = \"enc-v1\"{words} }}\n"
    )
}

fn counts(report: &Value) -> [&Value; 4] {
    ["total_records", "resealed_records", "failed_records", "remaining_records"]
        .map(|name| &report[name])
}

#[tokio::test]
async fn nothing_is_left_alone_unless_the_column_says_otherwise() {
    let (old, new) = (TestKey::random(), TestKey::random());
    let database = table(&old).await;
    let report = run(&database, &new, &old, &config("")).run().await.expect(0).json();
    assert_eq!(counts(&report), [&json!(20), &json!(20), &json!(0), &json!(0)]);
    // said later, it is something to do: for a proof, and for a run
    let encrypt = config(", empty = \"encrypt\"");
    let verify = || super::Reseal::new("verify").on(&database).current_key(&new).json();
    verify().config(config("")).run().await.expect(0);
    let verdict = verify().config(encrypt.clone()).run().await.expect(1).json();
    assert_eq!(verdict["remaining_records"], 4, "{verdict}");
    let report = run(&database, &new, &old, &encrypt).run().await.expect(0).json();
    assert_eq!(counts(&report), [&json!(24), &json!(4), &json!(0), &json!(0)]);
    verify().config(encrypt).run().await.expect(0);
    let client = database.client().await;
    let cells =
        client.query("SELECT b, s FROM t WHERE id > 10 ORDER BY id", &[]).await.expect("rows");
    let b = |n: usize| cells[n].get::<_, Option<Vec<u8>>>(0);
    let s = |n: usize| cells[n].get::<_, Option<String>>(1);
    assert_eq!((b(2), s(1)), (None, None), "NULL stays NULL");
    for value in [b(0), b(1)] {
        assert_eq!(open(&new, "go", b"", &value.expect("a value")), Some(Vec::new()));
    }
    for value in [s(0), s(2)] {
        assert_eq!(open(&new, "enc-v1", b"", value.expect("a value").as_bytes()), Some(Vec::new()));
    }
}

#[tokio::test]
async fn nothing_is_listed_where_a_value_is_wanted() {
    let (old, new) = (TestKey::random(), TestKey::random());
    let database = table(&old).await;
    let words = config(", empty = \"fail\", null = \"fail\"");
    let report = run(&database, &new, &old, &words).run().await.expect(1).json();
    assert_eq!(counts(&report), [&json!(26), &json!(20), &json!(6), &json!(0)]);
    let listed = lines(&failures(&database).await);
    let wanted = [
        "b 11 missing -",
        "b 12 missing -",
        "b 13 missing -",
        "s 11 missing -",
        "s 12 missing -",
        "s 13 missing -",
    ];
    assert_eq!(listed, wanted);
    // repaired, or no longer wanted, they are no failures
    database.batch("DELETE FROM t WHERE id IN (11, 12)").await;
    let report = run(&database, &new, &old, &config("")).run().await.expect(0).json();
    assert_eq!(counts(&report), [&json!(20), &json!(0), &json!(0), &json!(0)]);
}

#[tokio::test]
async fn in_documents_it_is_the_empty_string_at_a_path() {
    let (old, new) = (TestKey::random(), TestKey::random());
    let database = TestDatabase::create().await;
    let token = String::from_utf8(seal(&old, "enc-v1", b"", b"secret")).expect("a text");
    database
        .batch(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, d jsonb);
             INSERT INTO t VALUES (1, '{{\"a\": \"{token}\", \"b\": \"\"}}'), (2, '{{\"a\": \"\", \"b\": \"\"}}'),
                 (3, '{{\"a\": null}}'), (4, NULL)"
        ))
        .await;
    let column = |words: &str| {
        format!(
            "[[table]]\nname = \"t\"\n[table.columns]\n\
             d = {{ json = [\"$.a\"], layout = \"enc-v1\"{words} }}\n"
        )
    };
    let report =
        run(&database, &new, &old, &column(", empty = \"fail\"")).run().await.expect(1).json();
    assert_eq!(counts(&report), [&json!(2), &json!(1), &json!(1), &json!(0)]);
    let report =
        run(&database, &new, &old, &column(", empty = \"encrypt\"")).run().await.expect(0).json();
    assert_eq!(counts(&report), [&json!(2), &json!(1), &json!(0), &json!(0)]);
    let null = column(", empty = \"encrypt\", null = \"fail\"");
    let report = run(&database, &new, &old, &null).run().await.expect(1).json();
    assert_eq!(counts(&report), [&json!(3), &json!(0), &json!(1), &json!(0)]);
    let row =
        database.client().await.query_one("SELECT d->>'a', d->>'b' FROM t WHERE id = 2", &[]).await;
    let row = row.expect("a row");
    let (a, b): (String, String) = (row.get(0), row.get(1));
    assert_eq!(open(&new, "enc-v1", b"", a.as_bytes()), Some(Vec::new()));
    assert_eq!(b, "", "no path leads there");
}

#[tokio::test]
async fn words_that_are_none_are_refused() {
    let (old, new) = (TestKey::random(), TestKey::random());
    let database = TestDatabase::create().await;
    for (words, wanted) in [
        (", empty = \"keep\"", "empty is \"leave\", \"fail\" or \"encrypt\""),
        (", null = \"encrypt\"", "NULL is never encrypted"),
    ] {
        let refused = run(&database, &new, &old, &config(words)).run().await.expect(2);
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    }
    let envelope = "[[table]]\nname = \"t\"\n[table.columns]\nb = { layout = \"envelope\", empty = \"encrypt\" }\n";
    let refused = run(&database, &new, &old, envelope).run().await.expect(2);
    assert!(refused.stderr.contains("beside a layout with a data key"), "{}", refused.stderr);
}
