//! Documents by way of PgBouncer, where a row is written only if its text is what was read.

use super::documents::Documents;
use super::support::{Failpoints, PgBouncer, Reseal, eventually, shared_server};
use super::{POOL_SIZE, ROWS};

/// The same documents as jsonb, json and text; three values in each.
async fn of_every_kind() -> Documents {
    let column = r#"{ json = ["$.**"], layout = "enc-v1" }"#;
    let documents = Documents::with(
        "CREATE TABLE documents (id int PRIMARY KEY, document jsonb, raw json, plain text)",
        &format!("document = {column}\nraw = {column}\nplain = {column}"),
    )
    .await;
    let ids: Vec<i32> = (1..=i32::try_from(ROWS).expect("few rows")).collect();
    let document = |id: &i32| {
        let [a, b, c] = ["a", "b", "c"].map(|name| documents.sealed(&format!("{name}{id}")));
        format!(
            "{{\"z\": 1.50, \"a\":\"{a}\",  \"l\": [\"{b}\", \"p\\\"l\\nain\", {{\"c\": \"{c}\"}}], \"a\":{id}}}"
        )
    };
    let texts: Vec<String> = ids.iter().map(document).collect();
    let insert = "INSERT INTO documents SELECT i, d::jsonb, d::json, d
                  FROM unnest($1::int[], $2::text[]) AS r (i, d)";
    let client = documents.database.client().await;
    client.execute(insert, &[&ids, &texts]).await.expect("rows");
    documents
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_compared_as_they_are_stored() {
    let documents = of_every_kind().await;
    let pgbouncer = PgBouncer::before(shared_server(), POOL_SIZE, &[]).await;
    let through =
        |command: Reseal| command.env("DATABASE_URL", pgbouncer.url(documents.database.url()));
    let run = || through(documents.command("run --workers 1 --page-rows-max 100 --lease 1s"));
    let killed = Failpoints::kill("rows-written@2").on(run()).run().await;
    assert_eq!(killed.signal, Some(9), "{}", killed.printed());
    eventually("status interrupted", async || {
        let status = documents.ledger("status").json().run().await.expect(0).json();
        Some(status).filter(|status| status["status"] == "interrupted")
    })
    .await;
    let status = run().run().await.expect(0).json();
    // the first of two equal keys is not there in jsonb
    let records = ROWS * (2 + 3 + 3);
    assert_eq!(status["resealed_records"], records, "{status}");
    assert_eq!(
        (&status["conflicts"], &status["failed_records"]),
        (&0.into(), &0.into()),
        "{status}"
    );
    through(documents.verify()).run().await.expect(0);
    let plain = "SELECT count(*) FROM documents WHERE raw::text = plain";
    let client = documents.database.client().await;
    let same: i64 = client.query_one(plain, &[]).await.expect("a count").get(0);
    assert_eq!(same, 0, "every column has its own nonces");
    let kept = "SELECT count(*) FROM documents WHERE raw::text LIKE '{\"z\": 1.50, \"a\":\"enc:v1:%\",  \"l\": [\"enc%'";
    let kept: i64 = client.query_one(kept, &[]).await.expect("a count").get(0);
    assert_eq!(kept, ROWS);
}
