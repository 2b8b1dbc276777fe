//! Somebody who may write the ledger's tables changes what was audited; an auditor finds it.

use serde_json::{Value, json};

use super::verify;
use crate::support::Vault;

/// Some runs, each with its events, and the head that their log has shown.
async fn audited() -> (Vault, String) {
    let vault = Vault::with_rows(20).await;
    for _ in 0..2 {
        vault.with_columns("run --operator erika").run().await.expect(0);
    }
    let whole = verify(&vault, &[], 0).await;
    assert_eq!(whole["findings"], json!([]));
    (vault, whole["head"].as_str().expect("a head").to_owned())
}

/// What is found after this was done to the trail.
async fn found(vault: &Vault, tampering: &str, head: Option<&str>) -> Vec<Value> {
    vault.database.batch(tampering).await;
    let words: Vec<&str> = head.map(|head| vec!["--head", head]).unwrap_or_default();
    let report = verify(vault, &words, 1).await;
    assert_eq!(report["status"], "broken", "{report}");
    report["findings"].as_array().expect("a list").clone()
}

fn told(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["what"].as_str().expect("words")).collect()
}

#[tokio::test]
async fn an_edited_row_is_named() {
    let (vault, _) = audited().await;
    let edit = "UPDATE reseal.audit_event SET operator = 'max' WHERE event_id = 3";
    let findings = found(&vault, edit, None).await;
    assert_eq!(told(&findings), ["event 3 was edited: it is not what its hash says"]);
    assert_eq!((&findings[0]["finding"], &findings[0]["event_id"]), (&json!("edited"), &json!(3)));
    let text = vault.command("audit verify").run().await.expect(1).stdout;
    assert!(text.starts_with("the audit trail is broken: "), "{text}");
    assert!(
        text.contains("\n  found      event 3 was edited: it is not what its hash says\n"),
        "{text}"
    );
}

#[tokio::test]
async fn every_column_counts() {
    let (vault, _) = audited().await;
    let edits = [
        "happened_at = happened_at + interval '1 microsecond'",
        "run_id = 2",
        "event = 'nothing'",
        "database_role = 'another'",
        "operator = NULL",
        "ticket = ''",
        "reason = 'scheduled'",
        "host = 'another'",
        "pod = 'another'",
        "detail = (detail::text || ' ')::json",
        "previous_hash = sha256('')",
        "hash = sha256('')",
    ];
    let client = vault.database.client().await;
    client.batch_execute("CREATE TABLE kept AS TABLE reseal.audit_event").await.expect("a copy");
    for edit in edits {
        let edit = format!("UPDATE reseal.audit_event SET {edit} WHERE event_id = 2");
        assert_eq!(
            told(&found(&vault, &edit, None).await),
            ["event 2 was edited: it is not what its hash says"],
            "{edit}"
        );
        let restore = "DELETE FROM reseal.audit_event; INSERT INTO reseal.audit_event TABLE kept";
        client.batch_execute(restore).await.expect("the copy");
    }
    verify(&vault, &[], 0).await;
}

#[tokio::test]
async fn removed_rows_are_named() {
    let (vault, head) = audited().await;
    let remove = "DELETE FROM reseal.audit_event WHERE event_id IN (1, 4, 5)";
    let findings = found(&vault, remove, Some(&head)).await;
    assert_eq!(told(&findings), ["event 1 was removed", "events 4 to 5 were removed"]);
    let expected = json!({"finding": "removed", "first": 4, "last": 5,
                          "what": "events 4 to 5 were removed"});
    assert_eq!(findings[1], expected);
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_named() {
    let (vault, head) = audited().await;
    let cut_off = "DELETE FROM reseal.audit_event WHERE event_id > 8";
    let said = "events 9 to 11 were removed: the end was cut off";
    assert_eq!(told(&found(&vault, cut_off, None).await), [said]);
    // whoever does it well sets the head back: then the one in the log knows
    let set_back = "UPDATE reseal.audit_head AS h SET event_id = e.event_id, hash = e.hash
                    FROM reseal.audit_event AS e WHERE e.event_id = 8";
    vault.database.batch(set_back).await;
    verify(&vault, &[], 0).await;
    assert_eq!(told(&found(&vault, "", Some(&head)).await), [said]);
    // and goes on knowing when new events have taken the place of the old ones
    vault.with_columns("run").run().await.expect(0);
    verify(&vault, &[], 0).await;
    let findings = found(&vault, "", Some(&head)).await;
    assert!(told(&findings)[0].starts_with("event 11 is not the one whose head was noted"));
    let nothing_left = "TRUNCATE reseal.audit_event; DELETE FROM reseal.audit_head";
    let findings = found(&vault, nothing_left, Some(&head)).await;
    let all = "events 1 to 11 were removed: the end was cut off";
    assert_eq!(told(&findings), [all, "the note of the newest event was removed"]);
    // nothing can be appended to that, so nothing is done
    let refused = vault.with_columns("run").run().await.expect(3);
    assert!(refused.stderr.contains("newest event is gone"), "{}", refused.stderr);
    vault
        .database
        .batch("INSERT INTO reseal.audit_head (event_id, hash) VALUES (0, decode(repeat('00', 32), 'hex'))")
        .await;
    vault.with_columns("run").run().await.expect(0);
    verify(&vault, &[], 0).await;
}

#[tokio::test]
async fn a_head_that_is_none_is_refused() {
    let (vault, head) = audited().await;
    for text in ["", "11", &head[..20], "x:y"] {
        let outcome = vault.command("audit verify --head").arg(text).run().await.expect(2);
        assert!(outcome.stderr.contains("a head is ID:HASH"), "{}", outcome.stderr);
    }
    vault.database.batch("DROP SCHEMA reseal CASCADE").await;
    let outcome = vault.command("audit verify").run().await.expect(1);
    assert!(outcome.stderr.contains("there is no ledger"), "{}", outcome.stderr);
}
