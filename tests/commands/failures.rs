//! The list of failures, and how one of them is accepted.

use serde_json::{Value, json};

use super::{lose_token, status};
use crate::support::Vault;

async fn listed(vault: &Vault, words: &str) -> Vec<Value> {
    let report = vault.command(words).json().run().await.expect(0).json();
    report["failures"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn none_where_nothing_was_done() {
    let vault = Vault::with_rows(0).await;
    let outcome = vault.command("failures").run().await.expect(0);
    assert_eq!(outcome.stdout, "no failures\n");
    assert!(listed(&vault, "failures --all").await.is_empty());
}

#[tokio::test]
async fn each_is_listed_with_all_that_is_known() {
    let vault = Vault::with_rows(20).await;
    lose_token(&vault, 7).await;
    vault.with_columns("run").run().await.expect(1);
    let list = listed(&vault, "failures").await;
    let [failure] = list.as_slice() else { panic!("{list:?}") };
    let names: Vec<&String> = failure.as_object().expect("an object").keys().collect();
    assert_eq!(names[..6], ["id", "run_id", "table", "column", "key", "reason"]);
    let expected = json!({"id": 1, "run_id": 1, "table": "public.secrets", "column": "token",
                          "key": ["7"], "reason": "no_key_opens_it"});
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&failure[name], value);
    }
    assert_eq!((&failure["resolved_at"], &failure["accepted_at"]), (&Value::Null, &Value::Null));
    let attempts = failure["attempts"].as_i64().expect("a number");
    // seen again: the same entry with more attempts, not a second one
    vault.with_columns("run").run().await.expect(1);
    let again = listed(&vault, "failures").await;
    assert_eq!((again.len(), &again[0]["id"], &again[0]["run_id"]), (1, &json!(1), &json!(2)));
    assert!(again[0]["attempts"].as_i64() > Some(attempts), "{again:?}");
    assert_eq!(again[0]["first_seen_at"], failure["first_seen_at"]);
    let text = vault.command("failures").run().await.expect(0).stdout;
    assert!(text.starts_with("1: public.secrets.token key (7) no_key_opens_it, "), "{text}");
    // the row goes, and with it the failure; it is still told of when asked for
    vault.database.batch("DELETE FROM secrets WHERE id = 7").await;
    vault.with_columns("run").run().await.expect(0);
    assert!(listed(&vault, "failures").await.is_empty());
    assert!(listed(&vault, "failures --all").await[0]["resolved_at"].is_string());
}

/// What is gone with its table or its column is listed no longer, whatever the next run is about.
#[tokio::test]
async fn those_of_a_column_that_is_gone_are_resolved() {
    let vault = Vault::with_rows(20).await;
    lose_token(&vault, 7).await;
    vault.database.batch("CREATE TABLE copies AS SELECT id, secret, token FROM secrets").await;
    vault.database.batch("ALTER TABLE copies ADD PRIMARY KEY (id)").await;
    let all = vault.with_columns("run -c copies.token:enc-v1");
    all.run().await.expect(1);
    assert_eq!(listed(&vault, "failures").await.len(), 2);
    vault.database.batch("DROP TABLE copies; ALTER TABLE secrets DROP token").await;
    vault.command("run -c secrets.secret:go").run().await.expect(0);
    assert!(listed(&vault, "failures").await.is_empty());
    assert_eq!(listed(&vault, "failures --all").await.len(), 2);
}

#[tokio::test]
async fn one_is_accepted_with_a_reason_and_audited() {
    let vault = Vault::with_rows(20).await;
    lose_token(&vault, 7).await;
    vault.with_columns("run").run().await.expect(1);
    let before = vault.cells().await;
    let accept = |id: &str, reason: &str| {
        vault.command("failures accept").arg(id).arg("--reason").arg(reason)
    };
    for (id, reason, what) in [
        ("99", "lost", "there is no unresolved failure 99"),
        ("x", "lost", "an id is a whole number"),
        ("1", "", "a reason has 1 to 1000 characters"),
        ("1", "  \t", "a reason has 1 to 1000 characters"),
        ("1", &"x".repeat(1_001), "a reason has 1 to 1000 characters"),
    ] {
        let outcome = accept(id, reason).run().await.expect(2);
        assert!(outcome.stderr.contains(what), "{}", outcome.stderr);
    }
    vault.with_columns("run").run().await.expect(1);
    let outcome = accept("1", "the key was lost in 2019").run().await.expect(0);
    assert_eq!(outcome.stdout, "failure 1 is accepted\n");
    let report = vault.with_columns("run").json().run().await.expect(0).json();
    assert_eq!(report["status"], "completed");
    assert_eq!((&report["failed_records"], &report["accepted_records"]), (&json!(1), &json!(1)));
    vault.with_columns("verify").run().await.expect(0);
    assert!(vault.cells().await[&7] == before[&7], "an accepted value is left as it is");
    assert!(listed(&vault, "failures").await.is_empty());
    let all = listed(&vault, "failures --all").await;
    assert_eq!(all[0]["accepted_reason"], "the key was lost in 2019");
    assert_eq!(all[0]["accepted_by"], "postgres");
    let select = "SELECT detail->>'reason', database_role, run_id FROM reseal.audit_event
                  WHERE event = 'failure accepted'";
    let event = vault.database.client().await.query_one(select, &[]).await.expect("one event");
    let event: (String, String, i64) = (event.get(0), event.get(1), event.get(2));
    assert_eq!(event, ("the key was lost in 2019".to_owned(), "postgres".to_owned(), 2));
    // another value in its place is not what was accepted
    lose_token(&vault, 7).await;
    vault.with_columns("run").run().await.expect(1);
    assert_eq!(status(&vault, "").await["accepted_records"], 0);
    assert_eq!(listed(&vault, "failures").await[0]["accepted_reason"], Value::Null);
}

const REFUSE_ROW_7: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON secrets
    FOR EACH ROW WHEN (OLD.id = 7) EXECUTE FUNCTION refuse()";

/// A value that was refused a write is still under the previous key: whoever allows the removal of that key
/// must say that this one goes with it.
#[tokio::test]
async fn accepted_values_may_need_the_previous_key() {
    let vault = Vault::with_rows(20).await;
    vault.database.batch(REFUSE_ROW_7).await;
    let before = vault.cells().await;
    let run = vault.with_columns("run").json().run().await.expect(1).json();
    let advice = run["advice"].to_string();
    assert!(advice.contains("opened or written") && advice.contains("keep the previous"), "{run}");
    for id in ["1", "2"] {
        let accept = vault.command("failures accept").arg(id).arg("--reason").arg("a test row");
        accept.run().await.expect(0);
    }
    let run = vault.with_columns("run").json().run().await.expect(0).json();
    let verify = vault.with_columns("verify").json().run().await.expect(0).json();
    for report in [&run, &verify, &status(&vault, "").await] {
        assert_eq!(report["accepted_records"], 2, "{report}");
        let advice = report["advice"].as_array().expect("advice");
        let last = advice.last().and_then(Value::as_str).expect("a text");
        assert!(last.starts_with("of 2 accepted values nothing is proved: "), "{report}");
    }
    for words in ["report --output json", "report --output json --backup-retention 35d"] {
        let retention = vault.command(words).run().await.expect(0).json()["retention"].clone();
        let what = retention["what"].as_str().expect("a text");
        assert!(what.contains("2 values were accepted as they are"), "{what}");
    }
    vault.check(&before, &vault.cells().await, &[(7, "secret"), (7, "token")]);
}

/// A transaction that stays open, anywhere on the server, keeps every row that was written since above the barrier:
/// what the walk has listed as refused has not turned up again.
#[tokio::test]
async fn what_was_refused_has_not_turned_up_again_beside_an_open_transaction() {
    let vault = Vault::with_rows(20).await;
    let other = vault.database.client().await;
    other.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.expect("a transaction");
    vault.database.batch("UPDATE secrets SET owner = owner").await;
    vault.database.batch(REFUSE_ROW_7).await;
    let run = vault.with_columns("run").json().run().await.expect(1).json();
    let says = ["total_records", "processed_records", "failed_records", "remaining_records"];
    assert_eq!(says.map(|name| run[name].as_i64()), [40, 38, 2, 0].map(Some), "{run}");
    assert_eq!(run["status"], "completed_with_failures", "{run}");
    assert_eq!(run["passes"], 2, "{run}");
}
