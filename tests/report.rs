//! The report: what it says is what the run did and what the tables hold, names in it are text, and row keys
//! stay out of it.
#![cfg(feature = "failpoints")]

mod support;

#[path = "report/counts.rs"]
mod counts;
#[path = "report/coverage.rs"]
mod coverage;

use std::path::{Path, PathBuf};

use reseal::layout::Layout;
use serde_json::{Value, json};
use support::{Reseal, TestKey, Vault};

/// A name that would be markup if it were not text.
const SCRIPT: &str = "<script>alert(1)</script>";

async fn report(vault: &Vault, words: &str) -> Value {
    let command = vault.command("report --output json");
    words.split_whitespace().fold(command, Reseal::arg).run().await.expect(0).json()
}

async fn page(vault: &Vault, words: &str) -> String {
    words.split_whitespace().fold(vault.command("report"), Reseal::arg).run().await.expect(0).stdout
}

/// A value that no key opens, in place of the token of the row with this id.
async fn lose_token(vault: &Vault, id: i64) {
    let stranger = vault.sealed_token(&TestKey::random(), id);
    let client = vault.database.client().await;
    let update = "UPDATE secrets SET token = $1 WHERE id = $2";
    client.execute(update, &[&stranger, &id]).await.expect("a row");
}

#[tokio::test]
async fn it_says_what_the_run_did() {
    let vault = Vault::with_rows(20).await;
    let words = "run --operator erika --ticket CHG-7 --reason compromise";
    let status = vault.with_columns(words).json().run().await.expect(0).json();
    let report = report(&vault, "--backup-retention 35d").await;
    assert_eq!(report["run"], status);
    let who = json!([{"database_role": "postgres", "operator": "erika", "ticket": "CHG-7",
                      "reason": "compromise", "host": report["who"][0]["host"], "pod": null}]);
    assert_eq!(report["who"], who);
    let client = vault.database.client().await;
    let identifier = "SELECT system_identifier::text FROM pg_control_system()";
    let identifier: String = client.query_one(identifier, &[]).await.expect("a row").get(0);
    assert_eq!(report["database"]["system_identifier"], identifier);
    assert_eq!(report["database"]["timeline"], 1);
    let digest: String =
        client.query_one("SELECT config_digest FROM reseal.run", &[]).await.expect("a run").get(0);
    assert_eq!(report["config_digest"], digest);
    assert_eq!(report["scope"][0]["table"], "public.secrets");
    for (n, column, layout) in [(0, "secret", "go"), (1, "token", "enc-v1")] {
        let said = &report["scope"][0]["columns"][n];
        assert_eq!((&said["column"], &said["layout"]), (&json!(column), &json!(layout)));
        let meaning = Layout::named(layout).expect("a preset").meaning();
        assert_eq!(said["meanings"], json!([meaning]));
    }
    let of_keys = |name: &str| {
        report["keys"].as_array().expect("keys").iter().map(|k| k[name].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of_keys("key"), [status["current_key"].clone(), status["previous_keys"][0].clone()]);
    assert_eq!(of_keys("role"), ["current", "previous"]);
    let source = |name: &str| json!([{"source": name, "kms": null, "kms_version": null}]);
    let sources = [source("env:ENCRYPTION_KEY"), source("env:ENCRYPTION_KEY_PREVIOUS")];
    assert_eq!(of_keys("loaded_from"), sources);
    assert_eq!(
        of_keys("first_seen_at"),
        [status["started_at"].clone(), status["started_at"].clone()]
    );
    assert_eq!(of_keys("first_current_at"), [status["started_at"].clone(), Value::Null]);
    let resealed: u64 = report["passes"]
        .as_array()
        .expect("passes")
        .iter()
        .map(|p| p["resealed"].as_u64().expect("a number"))
        .sum();
    assert_eq!(resealed, 40);
    let steps: Vec<&str> = report["proof_steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|s| s["step"].as_str().expect("a name"))
        .collect();
    assert_eq!(report["standbys_behind"], json!([]));
    assert_eq!(steps, ["barrier", "walk", "wait", "look", "end"]);
    assert_eq!(report["curve"].as_array().expect("points").last().expect("an end")["values"], 80);
    assert_eq!(report["audit"]["chain"]["status"], "whole");
    assert_eq!(report["audit"]["role_may_change_audit"], true);
    assert_eq!(report["audit"]["events"].as_array().expect("events").len(), 6);
    let moment = status["proof"]["moment"].as_str().expect("a moment");
    let until = report["retention"]["keep_until"].as_str().expect("a date");
    assert_eq!(report["retention"]["backup_retention"], "35 days");
    let days = "SELECT ($1::text::timestamptz - date_trunc('second', $2::text::timestamptz)) = interval '35 days'";
    assert!(client.query_one(days, &[&until, &moment]).await.expect("a row").get::<_, bool>(0));
    let not_shown = report["not_shown"].to_string();
    for what in ["Backups", "Write-ahead log", "Standbys", "statistics", "forged"] {
        assert!(not_shown.contains(what), "{what}");
    }
    let evidence = report["evidence"].to_string();
    for section in ["PCI DSS v4.0.1", "CC6.1", "A 8.24 (2013: A.10.1.2)", "NIST SP 800-57"] {
        assert!(evidence.contains(section), "{section}");
    }
}

/// The count is of its own: what was written since the run is told as a difference.
#[tokio::test]
async fn the_count_is_made_anew_and_compared() {
    let vault = Vault::with_rows(20).await;
    vault.database.batch("UPDATE secrets SET token = '' WHERE id = 1; UPDATE secrets SET secret = NULL WHERE id = 2").await;
    vault.with_columns("run").run().await.expect(0);
    let table = |report: &Value| report["counts"]["tables"][0].clone();
    let same = table(&report(&vault, "").await);
    let names = ["rows", "values_now", "values_in_run", "difference"];
    assert_eq!(names.map(|name| same[name].as_i64()), [20, 38, 38, 0].map(Some), "{same}");
    assert_eq!(
        same["columns"],
        json!([{"column": "secret", "values": 19}, {"column": "token", "values": 19}])
    );
    vault.add_row(21).await;
    vault.add_row(22).await;
    vault.database.batch("DELETE FROM secrets WHERE id = 3").await;
    let more = table(&report(&vault, "").await);
    assert_eq!(names.map(|name| more[name].as_i64()), [21, 40, 38, 2].map(Some), "{more}");
    assert_eq!(more["what"], "2 more than the last pass met: written since it read them");
    assert_eq!(report(&vault, "--no-count").await["counts"], Value::Null);
    vault.database.batch("DROP TABLE secrets").await;
    let gone = table(&report(&vault, "").await);
    assert_eq!((&gone["rows"], &gone["what"]), (&Value::Null, &json!("the table is gone")));
}

#[tokio::test]
async fn failures_are_counted_and_row_keys_shown_only_when_asked_for() {
    let vault = Vault::with_rows(3).await;
    vault.database.batch("UPDATE secrets SET id = id + 777000").await;
    for id in [777_001, 777_002] {
        lose_token(&vault, id).await;
    }
    vault.with_columns("run --allow-unreadable").run().await.expect(1);
    vault.command("failures accept 1 --reason lost").run().await.expect(0);
    let group = |disposition: &str| {
        json!({"table": "public.secrets", "column": "token",
        "reason": "no_key_opens_it", "disposition": disposition, "failures": 1})
    };
    let told = report(&vault, "").await;
    assert_eq!(told["failures"], json!([group("accepted"), group("open")]));
    assert_eq!(told["retention"]["keep_until"], Value::Null);
    assert!(!told.to_string().contains("77700"), "{told}");
    let html = page(&vault, "").await;
    assert!(!html.contains("77700"), "a row key");
    assert!(html.contains("completed with failures"));
    let shown = report(&vault, "--show-keys").await;
    assert_eq!(shown["failed_values"][0]["key"], json!(["777001"]));
    assert!(page(&vault, "--show-keys").await.contains("777002"));
}

#[tokio::test]
async fn names_are_text_and_the_page_needs_nothing_else() {
    let vault = Vault::with_rows(5).await;
    vault.database.batch(&format!("ALTER TABLE secrets RENAME TO \"{SCRIPT}\"")).await;
    let column = format!("\"{SCRIPT}\".secret:go");
    let run = vault.command("run -c").arg(&column).arg("--operator").arg(SCRIPT);
    run.run().await.expect(0);
    let html = page(&vault, "").await;
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(!html.contains("<script"), "a name has become markup");
    assert!(html.matches("&lt;script&gt;").count() >= 4, "the table and who ran it");
    for outside in ["src=", "href=", "url(", "http://", "https://", "@import"] {
        assert!(!html.contains(outside), "{outside} in the page");
    }
    assert!(html.contains("<svg ") && html.contains("@media print"));
}

#[tokio::test]
async fn there_is_nothing_to_report_before_a_run() {
    let vault = Vault::with_rows(1).await;
    let outcome = vault.command("report").run().await.expect(2);
    assert!(outcome.stderr.contains("no run has been started"), "{}", outcome.stderr);
    for retention in ["soon", "0s", "200y"] {
        let outcome =
            vault.command("report --backup-retention").arg(retention).run().await.expect(2);
        assert!(outcome.stderr.contains("a retention is a duration"), "{}", outcome.stderr);
    }
    // one that is not completed has no proof, and its page says so
    let killed = vault.with_columns("run").env("RESEAL_FAILPOINT", "page-fetched=kill").run().await;
    assert_eq!(killed.signal, Some(9));
    let unfinished = report(&vault, "--backup-retention 35d").await;
    assert_eq!(
        (&unfinished["retention"]["keep_until"], &unfinished["proof_steps"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(unfinished["scope"][0]["columns"][0]["column"], "secret");
    assert!(page(&vault, "").await.contains("There is no proof of this run"));
}

/// Whether a requirement is met is not for a program to say.
#[test]
fn nothing_claims_to_meet_a_standard() {
    let word = ["com", "pliant"].concat();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"]
            .map(|f| root.join(f))
            .into();
    for folder in ["src", "sql", "docs", "deploy", "tests"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 200, "{}", files.len());
    for file in files {
        let text = std::fs::read(&file).expect("a file");
        let text = String::from_utf8_lossy(&text).to_lowercase();
        assert!(!text.contains(&word), "{}", file.display());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| {
            ["rs", "md", "sql", "html", "css", "toml", "yaml"].iter().any(|k| e == *k)
        }) {
            files.push(path);
        }
    }
}
