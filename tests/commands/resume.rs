//! The same command goes on with an unfinished run; another one beside it does not disturb it.

use super::{killed, runs, status};
use crate::support::Vault;

/// Workers, pages, the order of columns and where keys come from do not make it another command.
#[tokio::test]
async fn the_same_command_resumes_however_it_works() {
    let vault = Vault::with_rows(50).await;
    killed(&vault).await;
    let before = vault.cells().await;
    let plan = vault.with_columns("plan").run().await.expect(0);
    assert!(plan.stdout.starts_with("plan: resume run 1,"), "{}", plan.stdout);
    let config = "[run]\nmax_passes = 7\n[[table]]\nname = \"public.secrets\"\n";
    let other = vault.command("plan").config(format!("{config}columns = {{ secret = \"go\" }}"));
    other.run().await.expect(3);
    let words =
        "run --workers 3 --page-rows-max 7 --page-bytes-max 2KiB --lease 1h --max-failures 5";
    let swapped = vault.command(words).arg("-c").arg("SECRETS.token:enc-v1");
    let outcome = swapped.arg("-c").arg("secrets.\"secret\":go").json().run().await.expect(0);
    let report = outcome.json();
    assert_eq!((&report["run_id"], &report["resealed_records"]), (&1.into(), &100.into()));
    assert_eq!(runs(&vault).await, 1);
    let after = vault.cells().await;
    vault.check(&before, &after, &[]);
    // what the killed process had committed was not written again
    let done = |id: &i64| {
        crate::support::open(
            &vault.new,
            "enc-v1",
            b"",
            before[id].token.as_deref().unwrap_or_default(),
        )
        .is_some()
    };
    let kept: Vec<i64> = before.keys().copied().filter(done).collect();
    assert_eq!(kept.len(), 20);
    assert!(kept.iter().all(|id| before[id] == after[id]));
}

#[tokio::test]
async fn a_run_over_other_columns_goes_beside_it() {
    let vault = Vault::with_rows(50).await;
    let sql = "CREATE TABLE others (LIKE secrets INCLUDING ALL); INSERT INTO others TABLE secrets";
    vault.database.batch(sql).await;
    killed(&vault).await;
    let report = vault.command("run -c others.secret:go").json().run().await.expect(0).json();
    assert_eq!(report["run_id"], 2);
    assert_eq!(status(&vault, "--run 1").await["status"], "interrupted");
    vault.with_columns("run").run().await.expect(0);
    assert_eq!(status(&vault, "--run 1").await["status"], "completed");
    assert_eq!(runs(&vault).await, 2);
}
