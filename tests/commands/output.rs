//! What is printed where: results on stdout, progress and troubles on stderr, in the asked-for form.

use serde_json::Value;

use super::{MoreWords, SMALL_PAGES, held, status};
use crate::support::{DEADLINE, Hold, Reseal, Rotation, Vault, eventually};

/// For people: a few lines each, with these words in this order.
#[tokio::test]
async fn the_text_of_each_command() {
    let vault = Vault::with_rows(20).await;
    let says = async |command: Reseal, code: i32, phrases: &[&str]| {
        let outcome = command.run().await.expect(code);
        let mut rest = outcome.stdout.as_str();
        for phrase in phrases {
            let Some((_, after)) = rest.split_once(phrase) else {
                panic!("reseal {}: no {phrase:?} in {}", outcome.words, outcome.stdout)
            };
            rest = after;
        }
        assert!(outcome.stdout.ends_with('\n') && !outcome.stdout.ends_with("\n\n"));
    };
    let (old, new) = (vault.old.id(), vault.new.id());
    says(vault.command("health"), 0, &["healthy, a previous key is present", "key_valid", "ok"])
        .await;
    says(vault.command("status"), 0, &["idle: no run has been started"]).await;
    let keys = format!("ring keys: current key {new}, previous {old}");
    let plan = [
        "plan: reseal, then prove, about 40 records",
        &keys,
        "table public.secrets by (id): about 20 rows, 40 records, 40 to reseal",
        "secret: go ({raw(nonce12 ct tag16)}); of 20 sampled values the current key opens 0, previous keys 20",
        "token: enc-v1 (enc:v1:{b64(nonce12 ct tag16)}); of 20 sampled values",
        "warning: ",
    ];
    says(vault.with_columns("plan"), 0, &plan).await;
    let keys = format!("current {new}, previous {old}");
    let run = [
        "run 1: completed",
        "40 total, 40 processed, 0 failed, 0 remaining",
        "40 resealed, 0 conflicts, 2 passes",
        &keys,
        "started 20",
        "proof      at 20",
        "table      public.secrets: 40 records",
        "the previous key can be removed from the services as far as the configured columns public.secrets.secret, \
         public.secrets.token needed it",
    ];
    says(vault.with_columns("run"), 0, &run).await;
    says(vault.command("status"), 0, &run).await;
    let verify = ["verified: of 40 records the current key opens 40, 0 need another key", "proof"];
    says(vault.with_columns("verify").previous_keys(&[]), 0, &verify).await;
    let verify =
        ["not_verified: ", "the current key opens 0, 40 need another key", "keep the previous"];
    says(vault.with_columns("verify").current_key(&vault.old), 1, &verify).await;
    says(vault.command("failures"), 0, &["no failures"]).await;
}

/// In a text a line feed in a name does not look like a line of the program's; in JSON the name is what it is.
#[tokio::test]
async fn a_name_stays_within_its_line() {
    let rotation = Rotation::of(0).await;
    let (table, column) = ("t\n  next       drop it", "c\n  reason     none\u{1b}[2J");
    let create = format!(
        "CREATE TABLE \"{table}\" (id bigint PRIMARY KEY, value bytea); \
         CREATE TRIGGER t BEFORE UPDATE ON \"{table}\" FOR EACH ROW EXECUTE FUNCTION \
         suppress_redundant_updates_trigger()"
    );
    rotation.database.batch(&create).await;
    rotation.insert(&format!("\"{table}\""), 1..=20, &rotation.old).await;
    let damage = format!(
        "ALTER TABLE \"{table}\" RENAME value TO \"{column}\"; \
         UPDATE \"{table}\" SET \"{column}\" = '\\x00' WHERE id = 7"
    );
    rotation.database.batch(&damage).await;
    let named = format!("\"{table}\".\"{column}\":go");
    let command = |words: &str, names: bool| {
        let command = Reseal::new(words).on(&rotation.database).current_key(&rotation.new);
        let command = command.previous_keys(&[&rotation.old]);
        if names { command.arg("-c").arg(&named) } else { command }
    };
    for (words, names, code) in [
        ("plan", true, 0),
        ("run", true, 1),
        ("status", false, 0),
        ("failures", false, 0),
        ("failures accept 1 --reason none", false, 0),
        ("run", true, 0),
        ("scan", false, 0),
    ] {
        let outcome = command(words, names).run().await.expect(code);
        for line in outcome.stdout.lines() {
            let ours = ["  next       drop it", "  reason     none"];
            assert!(!ours.iter().any(|line_feed| line.starts_with(line_feed)), "{words}: {line}");
        }
        assert!(!outcome.stdout.contains('\u{1b}'), "{words}: {}", outcome.stdout);
        assert!(
            words.contains("accept") || outcome.stdout.contains(r"t\n  next       drop it"),
            "{words}"
        );
    }
    let report = command("status", false).json().run().await.expect(0).json();
    assert_eq!(report["tables"][0]["table"], format!("public.{table}"), "{report}");
}

/// Whoever reads stdout hears of a run that has not ended, too: how far it is, why, and how to go on.
#[tokio::test]
async fn a_process_that_stops_prints_how_far_the_run_is() {
    let vault = Vault::with_rows(50).await;
    let (hold, run) = Hold::at("page-fetched@4", vault.with_columns(SMALL_PAGES).json()).await;
    run.signal("TERM");
    hold.release();
    let report = run.wait().await.expect(4).json();
    assert_eq!((&report["status"], &report["run_id"]), (&"interrupted".into(), &1.into()));
    assert_eq!((&report["exit_code"], &report["total_records"]), (&4.into(), &100.into()));
    assert_eq!(report["reason"], "interrupted; the same command resumes", "{report}");
    assert_eq!(report["advice"], serde_json::json!(["the same `reseal run` resumes"]));
    let done = report["resealed_records"].as_u64().expect("a number");
    assert!((1..100).contains(&done), "{report}");

    // trouble outside: a transaction that has written stays open
    let writer = vault.database.client().await;
    writer.batch_execute("BEGIN; UPDATE secrets SET owner = owner WHERE id = 1").await.expect("it");
    let run = vault.with_columns("run --max-wait 1s").json().run().await.expect(5);
    let report = run.json();
    assert_eq!((&report["status"], &report["exit_code"]), (&"interrupted".into(), &5.into()));
    assert_eq!((&report["run_id"], &report["resealed_records"]), (&1.into(), &100.into()));
    let reason = report["reason"].as_str().expect("a reason");
    assert!(run.stderr.contains(reason.split(" (").next().unwrap_or_default()), "{report}");
    assert!(report["advice"].as_array().is_some_and(|advice| advice.len() == 2), "{report}");
    drop(writer);

    let report = vault.with_columns("run").json().run().await.expect(0).json();
    assert_eq!((&report["run_id"], &report["exit_code"]), (&1.into(), &0.into()), "{report}");
    assert_eq!(report["reason"], Value::Null, "{report}");
}

/// A layout that was found is said to have been found.
#[tokio::test]
async fn a_layout_is_found_and_shown() {
    let vault = Vault::with_rows(20).await;
    let plan =
        vault.command("plan -c secrets.secret -c secrets.token").json().run().await.expect(0);
    let columns = plan.json()["tables"][0]["columns"].clone();
    let found = [("go", "{raw(nonce12 ct tag16)}"), ("enc-v1", "enc:v1:{b64(nonce12 ct tag16)}")];
    for (column, (layout, template)) in found.into_iter().enumerate() {
        assert_eq!(columns[column]["layout"], layout, "{columns}");
        assert_eq!(columns[column]["template"], template);
        assert_eq!(columns[column]["layout_was_found"], true);
        assert_eq!(columns[column]["previous_keys_open"], 20);
    }
    let before = vault.cells().await;
    vault.command("run -c secrets.secret -c secrets.token").run().await.expect(0);
    vault.check(&before, &vault.cells().await, &[]);
}

/// Log lines as JSON parse, one by one, at the most verbose level.
#[tokio::test]
async fn log_lines_parse_as_json() {
    let vault = Vault::with_rows(50).await;
    let run = vault.with_columns(SMALL_PAGES).arg_words("-vv --log-format json");
    let outcome = run.run().await.expect(0);
    let lines: Vec<Value> = outcome
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let has = |message: &str| lines.iter().any(|line| line["message"] == message);
    assert!(has("started") && has("claimed"), "{}", outcome.stderr);
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    assert!(lines.iter().all(|line| line["level"] != "ERROR"));
    // quiet: nothing but the result
    let outcome = vault.with_columns("run -qq").json().run().await.expect(0);
    assert_eq!(outcome.stderr, "");
}

/// Off a terminal progress is one line every ten seconds, however many pages there are.
#[tokio::test]
async fn progress_does_not_flood_a_log() {
    let vault = Vault::with_rows(200).await;
    let quick = vault.with_columns("run --workers 1 --page-rows-max 1").run().await.expect(0);
    assert!(progress_lines(&quick.stderr) <= 1 + DEADLINE.as_secs() as usize / 10);
    let lines = quick.stderr.lines().count();
    assert!(lines < 30, "200 rows made {lines} lines:\n{}", quick.stderr);
    vault.database.batch("UPDATE secrets SET owner = owner").await;
    let command = vault.with_columns("verify").current_key(&vault.new);
    assert_eq!(progress_lines(&command.run().await.expect(0).stderr), 0);
}

#[tokio::test]
async fn a_long_run_tells_how_far_it_is() {
    let vault = Vault::with_rows(50).await;
    let began = std::time::Instant::now();
    let (hold, mut run) = held(&vault).await;
    eventually("a line of progress", async || {
        assert!(!run.has_ended());
        (progress_lines(&run.stderr_so_far()) > 0).then_some(())
    })
    .await;
    hold.release();
    let outcome = run.wait().await.expect(0);
    let most = began.elapsed().as_secs() as usize / 10 + 1;
    assert!((1..=most).contains(&progress_lines(&outcome.stderr)), "{}", outcome.stderr);
    let line = outcome.stderr.lines().find(|line| line.contains("values=")).expect("progress");
    for part in ["run 1", "values=40", "resealed=40", "failed=0", "per_second="] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!(status(&vault, "").await["status"], "completed");
}

fn progress_lines(stderr: &str) -> usize {
    stderr.lines().filter(|line| line.contains("per_second=")).count()
}

/// Nobody listens there: a bounded number of attempts, then exit 5 with what to look at.
#[tokio::test]
async fn an_unreachable_database_ends_with_5() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("postgresql://reseal:not-to-be-shown@127.0.0.1:{port}/secrets");
    let vault = Vault::with_rows(0).await;
    let commands = [
        vault.with_columns("plan"),
        vault.with_columns("run --retry-for 300ms"),
        vault.with_columns("verify --retry-for 0s"),
        vault.command("status"),
        vault.command("failures"),
        vault.command("failures accept 1 --reason x"),
        vault.command("abandon"),
        vault.command("ledger"),
    ];
    for command in commands {
        let outcome = command.env("DATABASE_URL", &url).run().await.expect(5);
        assert!(outcome.stderr.contains("the database cannot be reached"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("check host and port"), "{}", outcome.stderr);
        assert!(!outcome.printed().contains("not-to-be-shown"), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}
