//! The audit trail: what stands in it, that nobody can change it unnoticed, and that it is one chain however
//! many append.
#![cfg(feature = "failpoints")]

mod support;

#[path = "audit/auditor.rs"]
mod auditor;

use reseal::config::Who;
use reseal::db::ledger::audit::{self, Event, EventKind};
use serde_json::{Value, json};
use support::{Reseal, TestKey, Vault, WRITE, connect};

/// Every event, oldest first.
async fn events(vault: &Vault) -> Vec<Value> {
    let shown = vault.command("audit show").json().run().await.expect(0).json();
    shown["events"].as_array().expect("a list").clone()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().expect("a name")).collect()
}

/// `reseal audit verify`, which ends with this exit code.
async fn verify(vault: &Vault, words: &[&str], code: i32) -> Value {
    let command = vault.command("audit verify").json();
    let command = words.iter().fold(command, |command, word| command.arg(*word));
    command.run().await.expect(code).json()
}

fn by_erika(command: Reseal) -> Reseal {
    let command = command.env("RESEAL_POD", "jobs/reseal-x7k2p").env("RESEAL_OPERATOR", "nobody");
    let words = ["--operator", "erika", "--ticket", "CHG-7", "--reason", "personnel"];
    words.into_iter().fold(command, Reseal::arg)
}

#[tokio::test]
async fn a_run_says_who_what_why_and_with_which_keys() {
    let vault = Vault::with_rows(20).await;
    let run = by_erika(vault.with_columns("run")).json().run().await.expect(0);
    let events = events(&vault).await;
    let expected =
        ["keys loaded", "run started", "pass started", "pass started", "proof closed", "run ended"];
    assert_eq!(names(&events), expected);
    for (number, event) in (1..).zip(&events) {
        assert_eq!((&event["event_id"], &event["run_id"]), (&json!(number), &json!(1)));
        let who = ["operator", "ticket", "reason", "pod", "database_role"];
        let expected = ["erika", "CHG-7", "personnel", "jobs/reseal-x7k2p", "postgres"];
        assert_eq!(who.map(|name| event[name].as_str()), expected.map(Some), "{event}");
        assert!(event["host"].is_string(), "{event}");
    }
    let status = run.json();
    let ring = &events[0]["detail"]["rings"][0];
    assert_eq!(
        (&ring["current"], &ring["previous"]),
        (&status["current_key"], &status["previous_keys"])
    );
    assert_eq!(ring["current_source"], "env:ENCRYPTION_KEY");
    assert_eq!(ring["previous_sources"], json!(["env:ENCRYPTION_KEY_PREVIOUS"]));
    let started = &events[1]["detail"];
    assert_eq!(
        (&started["settings"]["workers"], &started["role_may_change_audit"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(events[2]["detail"], json!({"pass": 1, "kind": "reseal"}));
    assert_eq!(events[3]["detail"], json!({"pass": 2, "kind": "proof"}));
    assert_eq!(events[4]["detail"], status["proof"]);
    assert_eq!(events[5]["detail"], json!({"state": "completed", "exit_code": 0, "reason": null}));
    // the log has the head, and it is that of the whole chain
    let verified = verify(&vault, &[], 0).await;
    let head = verified["head"].as_str().expect("a head");
    assert!(run.stderr.contains(head), "{}", run.stderr);
    assert_eq!((&verified["status"], &verified["events"]), (&json!("whole"), &json!(6)));
    verify(&vault, &["--head", head], 0).await;
}

#[tokio::test]
async fn what_operators_do_is_audited_with_their_names() {
    let vault = Vault::with_rows(20).await;
    // nothing can be audited before there is a ledger
    vault.with_columns("verify").run().await.expect(1);
    assert!(events_text(&vault).await.contains("nothing was audited"));
    vault.command("ledger").run().await.expect(0);
    by_erika(vault.with_columns("verify")).run().await.expect(1);
    let stranger = TestKey::random();
    let refused = by_erika(vault.with_columns("run")).previous_keys(&[&stranger]);
    refused.run().await.expect(3);
    vault.with_columns("plan").previous_keys(&[&stranger]).run().await.expect(3);
    let killed = vault.with_columns("run").env("RESEAL_FAILPOINT", "page-fetched=kill").run().await;
    assert_eq!(killed.signal, Some(9));
    by_erika(vault.command("abandon")).run().await.expect(0);
    let events = events(&vault).await;
    let expected = [
        "verified",
        "plan refused",
        "keys loaded",
        "run started",
        "pass started",
        "run abandoned",
        "run ended",
    ];
    assert_eq!(names(&events), expected);
    for (at, operator) in [(0, "erika"), (1, "erika"), (5, "erika"), (6, "erika")] {
        assert_eq!(events[at]["operator"], operator, "{}", events[at]);
    }
    assert_eq!((&events[3]["operator"], &events[3]["ticket"]), (&Value::Null, &Value::Null));
    let verified = &events[0]["detail"];
    assert_eq!(
        (&verified["verified"], &verified["remaining_records"]),
        (&json!(false), &json!(40))
    );
    assert_eq!(verified["tables"], json!(["public.secrets"]));
    let refusals = &events[1]["detail"]["refusals"];
    assert!(refusals[0]["what"].is_string() && refusals[0]["where"].is_string(), "{refusals}");
    let text = events_text(&vault).await;
    assert!(text.contains(", run 1, role postgres, operator erika, ticket CHG-7"), "{text}");
    verify(&vault, &[], 0).await;
}

async fn events_text(vault: &Vault) -> String {
    vault.command("audit show").run().await.expect(0).stdout
}

/// Many processes append at once, and some of them roll back: ids have no gap, and the chain holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_keep_one_chain() {
    const WRITERS: i64 = 8;
    const EVENTS: i64 = 25;
    let vault = Vault::with_rows(1).await;
    vault.command("ledger").run().await.expect(0);
    let database = connect(vault.database.url(), WRITERS as usize).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let database = database.clone();
        writers.spawn(async move {
            let mut session = database.session().await.expect("a session");
            let who = Who { operator: Some(format!("writer {writer}")), ..Who::default() };
            for number in 0..EVENTS {
                let transaction = session.begin(&WRITE).await.expect("a transaction");
                let event = Event::of_run(EventKind::SettingsChanged, writer);
                let event = event.with(json!({"number": number, "text": "größe \" \\ \u{1f511}"}));
                audit::append(&transaction, &who, &event).await.expect("an event");
                if number % 5 == 0 {
                    drop(transaction); // rolled back
                } else {
                    transaction.commit().await.expect("a commit");
                }
            }
        });
    }
    while let Some(written) = writers.join_next().await {
        written.expect("a writer");
    }
    let verified = verify(&vault, &[], 0).await;
    assert_eq!(verified["events"], WRITERS * EVENTS * 4 / 5, "{verified}");
    let client = vault.database.client().await;
    let newest =
        "SELECT max(event_id) = count(*) AND count(DISTINCT operator) = 8 FROM reseal.audit_event";
    assert!(client.query_one(newest, &[]).await.expect("a row").get::<_, bool>(0));
}

/// The description is enough to check the hashes without this program, in a session of other settings.
#[tokio::test]
async fn the_hashes_are_those_of_the_description() {
    let vault = Vault::with_rows(20).await;
    vault.with_columns("run --operator Größe").run().await.expect(0);
    let client = vault.database.client().await;
    client.batch_execute(include_str!("audit/recompute.sql")).await.expect("the auditor's SQL");
    let broken = client.query("SELECT event_id FROM broken", &[]).await.expect("rows");
    assert!(broken.is_empty(), "{broken:?}");
    client
        .batch_execute("UPDATE reseal.audit_event SET ticket = 'x' WHERE event_id = 2")
        .await
        .unwrap();
    let broken = client.query("SELECT event_id FROM broken", &[]).await.expect("rows");
    assert_eq!(broken.iter().map(|row| row.get(0)).collect::<Vec<i64>>(), [2]);
}
