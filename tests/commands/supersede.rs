//! The current key leaks half-way through a run, and a third key follows.

use super::{held, killed, runs, status};
use crate::support::{Outcome, Reseal, TestKey, Vault, open};

/// Every value opens with this key alone.
async fn all_under(vault: &Vault, key: &TestKey) {
    for (id, cells) in vault.cells().await {
        let opened = open(key, "go", b"", &cells.secret.expect("a secret"));
        assert_eq!(opened, Some(Vault::secret(id)), "row {id}");
        let opened = open(key, "enc-v1", b"", &cells.token.expect("a token"));
        assert_eq!(opened, Some(Vault::token(id)), "row {id}");
    }
}

fn third(vault: &Vault, words: &str, key: &TestKey, previous: &[&TestKey]) -> Reseal {
    vault.with_columns(words).current_key(key).previous_keys(previous)
}

#[tokio::test]
async fn a_third_key_takes_over_an_interrupted_run() {
    let vault = Vault::with_rows(50).await;
    killed(&vault).await;
    let key = TestKey::random();
    // without all of its keys the values of the unfinished run could not be opened
    for forgotten in [&[&vault.new] as &[_], &[&vault.old], &[]] {
        let outcome: Outcome =
            third(&vault, "run --allow-unreadable", &key, forgotten).run().await.expect(3);
        let said = &outcome.stderr;
        assert!(said.contains("run 1 is unfinished and covers some of these columns"), "{said}");
        assert!(said.contains("run with all of its keys"), "{said}");
    }
    let all = [&vault.new, &vault.old];
    let plan = third(&vault, "plan", &key, &all).run().await.expect(0);
    assert!(plan.stdout.starts_with("plan: supersede run 1,"), "{}", plan.stdout);
    third(&vault, "run", &key, &all).run().await.expect(0);
    all_under(&vault, &key).await;
    let report = status(&vault, "--run 1").await;
    assert_eq!(report["status"], "failed");
    assert_eq!(report["reason"], "superseded by a run whose keys include all of its own");
    assert_eq!(status(&vault, "").await["current_key"], key.id());
    // the superseded command is now one that goes back
    let outcome = vault.with_columns("run").run().await.expect(3);
    assert!(outcome.stderr.contains("--rollback"), "{}", outcome.stderr);
}

/// A change of layouts is no way to resume: it is said before, and afterwards.
#[tokio::test]
async fn the_same_keys_with_another_layout_begin_anew() {
    let vault = Vault::with_rows(50).await;
    killed(&vault).await;
    let config = "[[table]]\nname = \"secrets\"\n[table.columns]\nsecret = \"go\"\n\
                  token = { write = \"go-b64\", read = [\"enc-v1\"] }\n";
    let plan = vault.command("plan").config(config).run().await.expect(0);
    assert!(plan.stdout.starts_with("plan: supersede run 1,"), "{}", plan.stdout);
    let told = "run 1 is unfinished, with the same keys and other tables or layouts";
    assert!(plan.stdout.contains(told), "{}", plan.stdout);
    vault.command("run").config(config).run().await.expect(0);
    let report = status(&vault, "--run 1").await;
    let reason = "superseded by a run with the same keys and other tables or layouts";
    assert_eq!(report["reason"], reason);
}

/// The superseded process is still at work: it stops at its next commit, and overwrites nothing.
#[tokio::test]
async fn a_third_key_takes_over_a_run_at_work() {
    let vault = Vault::with_rows(50).await;
    let (hold, run) = held(&vault).await;
    let key = TestKey::random();
    third(&vault, "run", &key, &[&vault.old, &vault.new]).run().await.expect(0);
    let before = vault.cells().await;
    hold.release();
    let outcome = run.wait().await.expect(3);
    assert!(outcome.stdout.starts_with("run 1: failed"), "{}", outcome.stdout);
    assert!(vault.cells().await == before);
    all_under(&vault, &key).await;
    assert_eq!(runs(&vault).await, 2);
}
