//! The runbook's JSON, field by field and in its order, in every state a run can be in.

use serde_json::{Value, json};

use super::{MoreWords, SMALL_PAGES, held, killed, lose_token, runs, status};
use crate::support::{Hold, Vault};

/// The first fields of a report, as the runbook shows them.
const RUNBOOK: [&str; 15] = [
    "status",
    "total_records",
    "processed_records",
    "failed_records",
    "started_at",
    "completed_at",
    "run_id",
    "passes",
    "current_key",
    "previous_keys",
    "resealed_records",
    "conflicts",
    "remaining_records",
    "proof",
    "tables",
];

/// The report has the runbook's fields first and in order; it belongs to this run of the vault; and
/// its counts are these: total, processed, failed, remaining, resealed.
#[track_caller]
fn says(report: &Value, vault: &Vault, state: &str, counts: [u64; 5]) {
    let names: Vec<&String> = report.as_object().expect("an object").keys().collect();
    assert_eq!(names[..RUNBOOK.len()], RUNBOOK);
    assert_eq!(report["status"], state, "{report}");
    assert_eq!(report["run_id"], 1);
    assert_eq!(report["current_key"], vault.new.id());
    assert_eq!(report["previous_keys"], json!([vault.old.id()]));
    let counted = [
        "total_records",
        "processed_records",
        "failed_records",
        "remaining_records",
        "resealed_records",
    ];
    assert_eq!(counted.map(|name| report[name].as_u64().expect(name)), counts, "{report}");
    let ended = !matches!(state, "running" | "interrupted");
    // a run that ended half-way never saw all values
    assert_eq!(report["total_is_estimate"], !ended || state == "failed");
    moment(&report["started_at"]);
    match ended {
        true => moment(&report["completed_at"]),
        false => assert_eq!(report["completed_at"], Value::Null),
    }
    assert_eq!(report["tables"][0]["table"], "public.secrets");
}

/// `2026-04-06T14:30:00Z`
#[track_caller]
fn moment(value: &Value) {
    let text = value.as_str().expect("a moment");
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z");
}

#[tokio::test]
async fn idle_before_any_run() {
    let vault = Vault::with_rows(0).await;
    let idle = "{\"status\":\"idle\",\"total_records\":0,\"processed_records\":0,\
                \"failed_records\":0,\"started_at\":null,\"completed_at\":null,\"run_id\":null,\
                \"passes\":0,\"current_key\":null,\"previous_keys\":[],\"resealed_records\":0,\
                \"conflicts\":0,\"remaining_records\":0,\"proof\":null,\"tables\":[],\
                \"accepted_records\":0,\"total_is_estimate\":false,\"step\":null}\n";
    for _ in 0..2 {
        let outcome = vault.command("status --wait").json().run().await.expect(0);
        assert_eq!(outcome.stdout, idle);
        vault.command("ledger").run().await.expect(0); // an empty one is no run either
    }
}

#[tokio::test]
async fn running_then_completed_and_waited_for() {
    let vault = Vault::with_rows(50).await;
    let (hold, run) = held(&vault).await;
    says(&status(&vault, "").await, &vault, "running", [100, 40, 0, 60, 40]);
    let mut waiting = vault.command("status --wait").json().spawn();
    // it goes on waiting while others can see that the run is at work
    for _ in 0..3 {
        assert_eq!(status(&vault, "--run 1").await["status"], "running");
        assert!(!waiting.has_ended());
    }
    hold.release();
    let waited = waiting.wait().await.expect(0).json();
    says(&waited, &vault, "completed", [100, 100, 0, 0, 100]);
    run.wait().await.expect(0);
}

#[tokio::test]
async fn completed_with_a_proof() {
    let vault = Vault::with_rows(50).await;
    let run = vault.with_columns("run").json().run().await.expect(0);
    assert_eq!(run.stdout.lines().count(), 1, "one line of JSON: {}", run.stdout);
    let report = run.json();
    says(&report, &vault, "completed", [100, 100, 0, 0, 100]);
    assert_eq!((&report["passes"], &report["conflicts"]), (&json!(2), &json!(0)));
    let proof = report["proof"].as_object().expect("a proof");
    assert_eq!(proof["timeline"], 1);
    assert_eq!(proof["rounds"], 1);
    let part = |name: &str| proof[name].as_str().unwrap_or_else(|| panic!("{name} in {report}"));
    assert!(part("moment").ends_with('Z') && part("lsn").contains('/'), "{report}");
    let table = &report["tables"][0];
    let of_table = ["total_records", "processed_records", "resealed_records", "failed_records"];
    assert_eq!(of_table.map(|name| table[name].as_u64()), [100, 100, 100, 0].map(Some));
    let advice = report["advice"].to_string();
    assert!(advice.contains("the previous key can be removed from the services"), "{advice}");
    assert!(
        advice.contains(part("moment")),
        "until what is older than the proof is gone: {advice}"
    );
    // `status` says the same afterwards
    assert_eq!(status(&vault, "").await, report);
}

#[tokio::test]
async fn interrupted_when_nobody_is_at_work() {
    let vault = Vault::with_rows(50).await;
    killed(&vault).await;
    let report = status(&vault, "").await;
    says(&report, &vault, "interrupted", [100, 40, 0, 60, 40]);
    assert_eq!(report["advice"], json!(["the same `reseal run` resumes"]));
}

#[tokio::test]
async fn completed_with_failures() {
    let vault = Vault::with_rows(50).await;
    lose_token(&vault, 7).await;
    let report = vault.with_columns("run").json().run().await.expect(1).json();
    says(&report, &vault, "completed_with_failures", [100, 99, 1, 0, 99]);
    assert!(report["proof"].is_object(), "all others are proven: {report}");
    assert!(report["advice"].to_string().contains("`reseal failures`"), "{report}");
    assert_eq!(status(&vault, "").await, report);
}

/// An old value that is written behind the walk, in the last pass there may be.
#[tokio::test]
async fn incomplete_when_old_values_turn_up_again() {
    let vault = Vault::with_rows(50).await;
    let run = vault.with_columns("run --workers 1 --max-passes 2").json();
    let (hold, run) = Hold::at("walk-fetched@1", run).await;
    vault.add_row(51).await;
    hold.release();
    let report = run.wait().await.expect(1).json();
    says(&report, &vault, "incomplete", [100, 98, 0, 2, 100]);
    assert_eq!(report["proof"], Value::Null);
    let reason = report["reason"].as_str().expect("a reason");
    assert!(reason.contains("a service still writes with it"), "{reason}");
    assert!(report["advice"].to_string().contains("restart it with the new one"), "{report}");
    assert_eq!(status(&vault, "").await, report);
}

/// The plan no longer holds in mid-run.
#[tokio::test]
async fn failed_when_a_column_is_dropped_under_it() {
    let vault = Vault::with_rows(50).await;
    let (hold, run) = held(&vault).await;
    vault.database.batch("ALTER TABLE secrets DROP COLUMN token").await;
    hold.release();
    let outcome = run.wait().await.expect(3);
    assert!(outcome.stderr.contains("a column does not exist (SQLSTATE 42703)"), "{outcome:?}");
    let report = status(&vault, "").await;
    says(&report, &vault, "failed", [100, 40, 0, 60, 40]);
    let reason = report["reason"].as_str().expect("a reason");
    assert!(reason.contains("a column does not exist"), "{reason}");
    // what is left can be done by a run that does not name the column
    vault.command("run -c secrets.secret:go").run().await.expect(0);
}

#[tokio::test]
async fn any_run_can_be_asked_for() {
    let vault = Vault::with_rows(20).await;
    lose_token(&vault, 7).await;
    vault.with_columns("run").run().await.expect(1);
    vault.command("run -c secrets.secret:go").run().await.expect(0);
    assert_eq!(runs(&vault).await, 2);
    says(&status(&vault, "--run 1").await, &vault, "completed_with_failures", [40, 39, 1, 0, 39]);
    let newest = status(&vault, "").await;
    assert_eq!((&newest["run_id"], &newest["status"]), (&json!(2), &json!("completed")));
    assert_eq!(newest, status(&vault, "--run 2").await);
    for (words, what) in
        [("3", "there is no run 3"), ("0", "a whole number"), ("x", "whole number")]
    {
        let outcome = vault.command("status --run").arg_words(words).run().await.expect(2);
        assert!(outcome.stderr.contains(what), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}

/// Nothing to do is proven all the same, without a pass in key order.
#[tokio::test]
async fn a_run_with_nothing_to_do_begins_with_the_proof() {
    let vault = Vault::with_rows(20).await;
    vault.with_columns("run").run().await.expect(0);
    let before = vault.cells().await;
    let report = vault.with_columns(SMALL_PAGES).json().run().await.expect(0).json();
    assert_eq!((&report["status"], &report["passes"]), (&json!("completed"), &json!(1)));
    assert_eq!(report["resealed_records"], 0);
    assert!(vault.cells().await == before);
}
