//! Values that are spread over several columns of their row: ciphertext, nonce and tag, in bytea or as text. Each
//! is one record, written in all its columns or in none.

mod support;

#[path = "spread/beside.rs"]
mod beside;
#[path = "spread/missing.rs"]
mod missing;
#[path = "spread/refused.rs"]
mod refused;
#[path = "spread/table.rs"]
mod table;

use table::{COLUMNS, Table};

/// What the runbook reads: total, processed, resealed, failed, remaining.
#[track_caller]
fn expect_counts(status: &serde_json::Value, expected: [i64; 5]) {
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

#[tokio::test]
async fn values_in_text_and_in_bytea_are_rotated_and_proved() {
    let table = Table::with_rows(500).await;
    table.verify().run().await.expect(1);
    let plan = table.command("plan").run().await.expect(0).json();
    assert_eq!(plan["estimated_records"], 1_000, "{plan}");
    let layout = "{hex(ct)}; secret_iv: {hex(nonce12)}; secret_tag: {raw(tag16)}";
    assert_eq!(plan["tables"][0]["columns"][1]["layout"], layout, "{plan}");

    let status = table.command("run").run().await.expect(0).json();
    expect_counts(&status, [1_000, 1_000, 1_000, 0, 0]);
    for (id, [secret, body]) in table.opened().await {
        assert_eq!(secret, Some(format!("secret {id}")), "row {id}");
        assert_eq!(body, Some(format!("body {id}")), "row {id}");
    }
    table.verify().run().await.expect(0);
    let again = table.command("run").run().await.expect(0).json();
    assert_eq!(again["resealed_records"], 0, "{again}");
}

/// A value whose ciphertext is empty is one, in the run and in the report's own count.
#[tokio::test]
async fn the_report_counts_them_as_the_run_does() {
    let table = Table::with_rows(3).await;
    let empty = table::Cells::sealed(&table.old, 1, ["", ""]);
    let client = table.database.client().await;
    let update = "UPDATE tokens SET secret = $1, secret_iv = $2, secret_tag = $3 WHERE id = 1";
    let (secret, iv, tag) = empty.secret;
    client.execute(update, &[&secret, &iv, &tag]).await.expect("a row");
    let nothing = "UPDATE tokens SET secret = NULL WHERE id = 2; UPDATE tokens SET body = '', body_iv = NULL WHERE id = 3";
    client.batch_execute(nothing).await.expect("two rows");
    let status = table.command("run").run().await.expect(0).json();
    expect_counts(&status, [4, 4, 4, 0, 0]);
    let report = table.command("report").run().await.expect(0).json();
    let counted = &report["counts"]["tables"][0];
    assert_eq!(
        (&counted["values_now"], &counted["difference"]),
        (&4.into(), &0.into()),
        "{counted}"
    );
}

/// What has been done is told from what has not by every piece of the value, and not by its ciphertext alone.
#[tokio::test]
async fn a_value_is_bound_to_its_row() {
    let table = Table::with_rows(2).await;
    let swap = "UPDATE tokens AS t SET secret = o.secret, secret_iv = o.secret_iv, secret_tag = o.secret_tag
                FROM tokens AS o WHERE t.id + o.id = 3";
    table.database.batch(swap).await;
    let status = table.command("run --allow-unreadable").run().await.expect(1).json();
    expect_counts(&status, [4, 2, 2, 2, 0]);
    assert_eq!(table.failures().await, ["1 secret no_key_opens_it", "2 secret no_key_opens_it"]);
}

/// Of the layout that is written and of one that keeps the whole value in its first column.
#[tokio::test]
async fn values_in_one_column_come_to_lie_in_several() {
    let columns = COLUMNS.replace(
        "secret_tag = \"{raw(tag16)}\" }",
        "secret_tag = \"{raw(tag16)}\" }, read = [\"go-hex\"]",
    );
    assert_ne!(columns, COLUMNS);
    let table = Table::with_rows(20).await.configured(&columns);
    let client = table.database.client().await;
    for id in 1..=10_i64 {
        let aad = format!("tenant-{id}/{id}");
        let packed =
            support::seal(&table.old, "go-hex", aad.as_bytes(), format!("packed {id}").as_bytes());
        let update =
            "UPDATE tokens SET secret = $2, secret_iv = NULL, secret_tag = NULL WHERE id = $1";
        let packed = String::from_utf8(packed).expect("text");
        client.execute(update, &[&id, &packed]).await.expect("a row");
    }
    table.command("run").run().await.expect(0);
    for (id, [secret, _]) in table.opened().await {
        let was = if id <= 10 { "packed" } else { "secret" };
        assert_eq!(secret, Some(format!("{was} {id}")));
    }
    table.verify().run().await.expect(0);
}
