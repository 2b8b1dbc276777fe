//! Ending an unfinished run.

use super::{MoreWords, held, killed, runs, status};
use crate::support::Vault;

#[tokio::test]
async fn there_is_nothing_to_abandon() {
    let vault = Vault::with_rows(20).await;
    let nothing = async |words: &str| {
        let outcome = vault.command("abandon").arg_words(words).run().await.expect(2);
        assert!(outcome.stderr.contains("there is no such unfinished run"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("`reseal status` shows"), "{}", outcome.stderr);
    };
    nothing("").await;
    vault.with_columns("run").run().await.expect(0);
    for words in ["", "--run 1", "--run 2"] {
        nothing(words).await;
    }
    assert_eq!(status(&vault, "").await["status"], "completed");
}

#[tokio::test]
async fn a_run_that_nobody_works_on_ends_at_once() {
    let vault = Vault::with_rows(50).await;
    killed(&vault).await;
    let before = vault.cells().await;
    let outcome = vault.command("abandon").run().await.expect(0);
    assert_eq!(outcome.stdout, "run 1 is ended\n");
    let report = status(&vault, "").await;
    assert_eq!(
        (&report["status"], &report["reason"]),
        (&"failed".into(), &"abandoned by an operator".into())
    );
    assert!(vault.cells().await == before);
    vault.command("abandon").run().await.expect(2);
    // the next run is a new one, and finds what is left
    vault.with_columns("run").run().await.expect(0);
    assert_eq!(runs(&vault).await, 2);
    vault.check(&before, &vault.cells().await, &[]);
}

#[tokio::test]
async fn a_run_at_work_ends_within_one_page() {
    let vault = Vault::with_rows(50).await;
    let (hold, run) = held(&vault).await;
    let before = vault.cells().await;
    let outcome = vault.command("abandon --run 1").json().run().await.expect(0);
    assert_eq!(outcome.json()["done"], "run 1 will end within one page");
    hold.release();
    let outcome = run.wait().await.expect(3);
    assert!(outcome.stdout.starts_with("run 1: failed"), "{}", outcome.stdout);
    assert!(vault.cells().await == before, "it wrote another page");
    assert_eq!(status(&vault, "").await["reason"], "abandoned by an operator");
    let audited = "SELECT string_agg(event, ', ' ORDER BY event_id) FROM reseal.audit_event";
    let events = vault.database.client().await.query_one(audited, &[]).await.expect("a row");
    assert_eq!(
        events.get::<_, &str>(0),
        "keys loaded, run started, pass started, run abandoned, run ended"
    );
}

/// The only unfinished run is meant, wherever it stands among the finished ones; of several, one must
/// be named.
#[tokio::test]
async fn the_only_unfinished_run_is_meant() {
    let vault = Vault::with_rows(50).await;
    vault
        .database
        .batch(
            "CREATE TABLE others (LIKE secrets INCLUDING ALL);
                          INSERT INTO others TABLE secrets",
        )
        .await;
    killed(&vault).await;
    vault.command("run -c others.secret:go").run().await.expect(0);
    let kill = |column: &str| {
        let run = vault.command("run").arg("-c").arg(column);
        run.env("RESEAL_FAILPOINT", "page-fetched=kill").run()
    };
    assert_eq!(kill("others.token:enc-v1").await.signal, Some(9));
    let outcome = vault.command("abandon").run().await.expect(2);
    assert!(outcome.stderr.contains("several runs are unfinished: 1, 3"), "{}", outcome.stderr);
    vault.command("abandon --run 3").run().await.expect(0);
    let outcome = vault.command("abandon").run().await.expect(0);
    assert!(outcome.stdout.starts_with("run 1 "), "{}", outcome.stdout);
    vault.command("abandon").run().await.expect(2);
}
