//! `RESEAL_RUN_TOKEN` names a run: a late process of it ends as the run did, and starts nothing.

use super::{lose_token, runs, status};
use crate::support::{Reseal, TestKey, Vault};

fn named(vault: &Vault, token: &str) -> Reseal {
    vault.with_columns("run").json().env("RESEAL_RUN_TOKEN", token)
}

#[tokio::test]
async fn a_late_process_of_a_finished_run_exits_with_its_outcome() {
    let vault = Vault::with_rows(20).await;
    let first = named(&vault, "job-1").run().await.expect(0);
    lose_token(&vault, 7).await;
    let second = named(&vault, "job-2").run().await.expect(1);
    let before = vault.cells().await;
    // late, and with keys and a column that would be refused by now
    let stranger = TestKey::random();
    let late = |token: &str| {
        let late = named(&vault, token).current_key(&vault.old).previous_keys(&[&stranger]);
        late.arg("-c").arg("secrets.dropped:go")
    };
    late("job-0").run().await.expect(3);
    for (token, code, outcome) in [("job-1", 0, &first), ("job-2", 1, &second)] {
        assert_eq!(late(token).run().await.expect(code).json(), outcome.json());
    }
    assert_eq!(runs(&vault).await, 2);
    assert!(vault.cells().await == before);
    // a process without a token, or with another one, begins anew
    vault.with_columns("run").run().await.expect(1);
    named(&vault, "job-3").run().await.expect(1);
    assert_eq!(runs(&vault).await, 4);
}

#[tokio::test]
async fn processes_with_one_token_work_on_one_run() {
    let vault = Vault::with_rows(200).await;
    let before = vault.cells().await;
    let all: Vec<_> =
        (0..3).map(|_| named(&vault, "job").arg("--page-rows-max").arg("10").spawn()).collect();
    for process in all {
        let report = process.wait().await.expect(0).json();
        assert_eq!((&report["run_id"], &report["resealed_records"]), (&1.into(), &400.into()));
    }
    assert_eq!(runs(&vault).await, 1);
    vault.check(&before, &vault.cells().await, &[]);
    assert_eq!(status(&vault, "").await["status"], "completed");
}
