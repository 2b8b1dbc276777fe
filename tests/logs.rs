//! What is logged: a bounded number of lines with stable names, whatever happens to the rows.

mod support;

use serde_json::Value;
use support::{Reseal, Rotation, TestDatabase, TestKey};

const FAILURES: i64 = 10_000;

fn lines(stderr: &str) -> Vec<Value> {
    stderr.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

/// Ten thousand values that nothing opens are told in a few lines, by reason and count.
#[tokio::test]
async fn failures_do_not_flood_the_log() {
    let database = TestDatabase::create().await;
    let broken = format!(
        "CREATE TABLE secrets (id bigint PRIMARY KEY, value bytea);
         INSERT INTO secrets SELECT n, '\\x00' FROM generate_series(1, {FAILURES}) AS n"
    );
    database.batch(&broken).await;
    let words = "run --log-format json --max-failures 20000 --allow-unreadable -c secrets.value:go";
    let run = Reseal::new(words).on(&database).current_key(&TestKey::random());
    // every row stays above the barrier: the close reads it again, and its failure is no new one
    let mut other = database.client().await;
    let open = other.transaction().await.expect("a transaction");
    open.execute("CREATE TABLE other ()", &[]).await.expect("a table");
    let outcome = run.previous_keys(&[&TestKey::random()]).json().run().await.expect(1);
    let lines = lines(&outcome.stderr);
    assert!(lines.len() < 40, "{FAILURES} failures made {} lines", lines.len());
    let last =
        lines.iter().rfind(|line| line["message"] == "stopped working").expect("a last line");
    assert!(last["failed"] == FAILURES && last["run"] == 1, "{last}");
    assert_eq!(last["failures"], format!("{FAILURES} malformed"), "{last}");
}

/// So are rows that the application holds all the while.
#[tokio::test]
async fn conflicts_do_not_flood_the_log() {
    let rotation = Rotation::of(3_000).await;
    let mut client = rotation.client().await;
    let holding = client.transaction().await.expect("a transaction");
    holding.execute("UPDATE secrets SET writes = writes", &[]).await.expect("locks");
    let run = rotation.command("run --log-format json --max-duration 8s --retry-for 1s");
    let outcome = run.run().await;
    assert!(matches!(outcome.code, Some(5 | 6)), "{outcome:?}");
    assert!(outcome.stderr.lines().count() < 60, "{}", outcome.stderr);
    holding.rollback().await.expect("a rollback");
    rotation.run().run().await.expect(0);
    rotation.expect_secrets(1..=3_000).await;
}

/// On a terminal there is a bar with rate and time left, for `run` and for `verify`.
#[tokio::test]
async fn a_terminal_shows_a_bar() {
    let rotation = Rotation::of(200).await;
    for (words, name) in [("run --workers 1 --rows-per-second 100", "run 1"), ("verify", "verify")]
    {
        let shell = format!(
            "{} {words} -c secrets.value:go",
            std::env::var("RESEAL_TEST_BINARY").unwrap_or(env!("CARGO_BIN_EXE_reseal").to_owned())
        );
        let mut command = std::process::Command::new("script");
        command.args(["--quiet", "--return", "--command", &shell, "/dev/null"]).env_clear();
        command.env("PATH", std::env::var_os("PATH").expect("a path")).env("TERM", "xterm");
        command.env("DATABASE_URL", rotation.database.url());
        command.env("ENCRYPTION_KEY", rotation.new.hex());
        if name != "verify" {
            command.env("ENCRYPTION_KEY_PREVIOUS", rotation.old.hex());
        }
        let output =
            command.stdin(std::process::Stdio::null()).output().expect("script(1) of util-linux");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{shown}");
        if name == "run 1" {
            assert!(shown.contains("run 1 [") && shown.contains("/s eta "), "{shown}");
            assert!(
                shown.contains("; holds to 100 rows a second"),
                "it says why it waits: {shown}"
            );
        }
        assert!(!shown.contains("stopped working"), "no line beside the bar: {shown}");
    }
}
