//! An application at work in the same documents, kills in mid-run, and values under the old key that turn up
//! afterwards.
#![cfg(feature = "failpoints")]

use super::support::{Failpoints, eventually};
use super::{Documents, expect_counts};

const ROWS: i32 = 400;

/// Rows of three values each, and a column that counts how often they were written.
async fn many() -> Documents {
    let documents = Documents::with(
        "CREATE TABLE documents (id int PRIMARY KEY, document json, writes int NOT NULL DEFAULT 0);
         CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END';
         CREATE TRIGGER count_write BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION count_write()",
        r#"document = { json = ["$.**"], layout = "enc-v1" }"#,
    )
    .await;
    let client = documents.database.client().await;
    let insert = "INSERT INTO documents (id, document) SELECT i, d::json FROM unnest($1::int[], $2::text[]) AS r (i, d)";
    let ids: Vec<i32> = (1..=ROWS).collect();
    let document = |id: &i32| {
        let [a, b, c] = ["a", "b", "c"].map(|name| documents.sealed(&format!("{name}{id}")));
        format!(r#"{{"a": "{a}",  "n": {id}.0, "l": ["{b}", "plain", {{"c": "{c}"}}]}}"#)
    };
    let texts: Vec<String> = ids.iter().map(document).collect();
    client.execute(insert, &[&ids, &texts]).await.expect("rows");
    documents
}

async fn expect_done(documents: &Documents) {
    let client = documents.database.client().await;
    let rows = client.query("SELECT id, document::text, writes FROM documents", &[]).await;
    for row in rows.expect("rows") {
        let (id, text, writes): (i32, String, i32) = (row.get(0), row.get(1), row.get(2));
        let expected = ["a", "b", "c"].map(|name| format!("{name}{id}"));
        let opened: Vec<String> =
            documents.opened(&text).iter().flatten().map(|t| (*t).to_owned()).collect();
        assert_eq!(opened, expected, "row {id}");
        assert!(
            text.contains(&format!(r#""a": "{}"#, "enc:v1:"))
                && text.contains(&format!(r#",  "n": {id}.0, "l""#))
        );
        assert_eq!(writes, 1, "row {id} is written once, whatever the number of its values");
    }
}

#[tokio::test]
async fn counts_are_exact_after_kills() {
    let documents = many().await;
    let run = || documents.command("run --workers 1 --page-rows-max 50 --lease 1h");
    for point in
        ["rows-written@2", "committed@2", "page-resealed@2", "walk-fetched@1", "before-end@1"]
    {
        let killed = Failpoints::kill(point).on(run()).run().await;
        assert_eq!(killed.signal, Some(9), "{point}: {}", killed.printed());
        eventually("status interrupted", async || {
            let status = documents.ledger("status").json().run().await.expect(0).json();
            Some(status).filter(|status| status["status"] == "interrupted")
        })
        .await;
    }
    let total = i64::from(3 * ROWS);
    let status = run().run().await.expect(0).json();
    expect_counts(&status, [total, total, total, 0, 0]);
    assert_eq!((&status["run_id"], &status["conflicts"]), (&1.into(), &0.into()));
    expect_done(&documents).await;
    documents.verify().run().await.expect(0);
}

/// The application changes a plain member of documents that are in hand: its change stands, and their values are
/// resealed afterwards.
#[tokio::test]
async fn the_application_wins() {
    let documents = many().await;
    let failpoints = Failpoints::hold("page-resealed@2");
    let command = documents.command("run --workers 1 --page-rows-max 50");
    let mut running = failpoints.on(command).spawn();
    failpoints.reached("page-resealed@2", &mut running).await;
    let touch = "UPDATE documents SET document = replace(document::text, 'plain', 'touched')::json WHERE id BETWEEN 60 AND 69";
    documents.database.batch(touch).await;
    failpoints.release("page-resealed@2");
    let status = running.wait().await.expect(0).json();
    let total = i64::from(3 * ROWS);
    // a conflict is of records, as everything is
    assert_eq!(status["conflicts"], 30, "{status}");
    expect_counts(&status, [total, total, total, 0, 0]);
    for id in 60..=69 {
        let text = documents.text(id).await;
        assert!(text.contains("\"touched\"") && !text.contains("plain"), "{text}");
        assert_eq!(documents.opened(&text).len(), 3);
    }
}

/// What is written under the old key behind the walk is found in the close, string by string.
#[tokio::test]
async fn what_turns_up_behind_the_walk_is_found() {
    let documents = many().await;
    let failpoints = Failpoints::hold("close-looked@1");
    let command = documents.command("run --workers 1");
    let before = documents.command("run --workers 1");
    before.run().await.expect(0);
    let mut running = failpoints.on(command).spawn();
    failpoints.reached("close-looked@1", &mut running).await;
    let [a, b] = ["late", "later"].map(|text| documents.sealed(text));
    documents
        .insert(1_001, &format!(r#"["{a}", "{b}", "plain", "{}"]"#, documents.corrupted()))
        .await;
    failpoints.release("close-looked@1");
    let status = running.wait().await.expect(0).json();
    assert_eq!(status["status"], "completed", "{status}");
    // that moment was before the row; the next run's is not
    let verified = documents.verify().run().await.expect(1).json();
    let counts = (&verified["processed_records"], &verified["remaining_records"]);
    assert_eq!(counts, (&(3 * ROWS).into(), &3.into()), "{verified}");
    let status = documents.command("run").run().await.expect(1).json();
    let total = i64::from(3 * ROWS + 3);
    expect_counts(&status, [total, total - 1, 2, 1, 0]);
    assert_eq!(documents.failures().await[0]["path"], "$[3]");
}
