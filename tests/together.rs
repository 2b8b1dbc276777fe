//! Processes that are started with the same command, as the pods of one Job are: they do one run together,
//! whatever becomes of one of them.

mod support;

use support::{Failpoints, Reseal, Rotation, Running, eventually};

/// Tables besides `secrets`, each a shard of its own, and rows of each.
const PARTS: [&str; 7] = ["part_1", "part_2", "part_3", "part_4", "part_5", "part_6", "part_7"];
const ROWS: i64 = 400;
const RECORDS: i64 = ROWS * (1 + PARTS.len() as i64);

async fn parts() -> Rotation {
    let rotation = Rotation::of(ROWS).await;
    for part in PARTS {
        let table = format!(
            "CREATE TABLE {part} (LIKE secrets INCLUDING ALL);
             CREATE TRIGGER count_write BEFORE UPDATE ON {part}
                 FOR EACH ROW EXECUTE FUNCTION count_write()"
        );
        rotation.database.batch(&table).await;
        rotation.insert(part, 1..=ROWS, &rotation.old).await;
    }
    rotation
}

fn command(rotation: &Rotation, words: &str) -> Reseal {
    let words = format!("run --workers 1 --page-rows-max 50 {words}");
    let on_secrets = rotation.command(&words).env("RESEAL_RUN_TOKEN", "one-job");
    PARTS.iter().fold(on_secrets, |run, part| run.arg("-c").arg(format!("{part}.value:go")))
}

/// Fails the test unless every row of every table was written exactly once.
async fn expect_written_once(rotation: &Rotation) {
    rotation.expect_written_once().await;
    let client = rotation.client().await;
    for part in PARTS {
        let wrong = format!("SELECT count(*) FROM {part} WHERE writes <> 1");
        let wrong: i64 = client.query_one(&wrong, &[]).await.expect("a part").get(0);
        assert_eq!(wrong, 0, "{part}");
    }
}

/// Who finished the shards of the first pass, by process id.
async fn finishers(rotation: &Rotation) -> Vec<u32> {
    let owners = "SELECT DISTINCT split_part(owner, '/', 2) FROM reseal.checkpoint WHERE pass = 1";
    let rows = rotation.client().await.query(owners, &[]).await.expect("the ledger");
    rows.iter().map(|row| row.get::<_, String>(0).parse().expect("a process id")).collect()
}

/// Four processes, one of them killed when it has committed three pages; and a fifth that comes late.
#[tokio::test]
async fn four_processes_finish_one_run() {
    let rotation = parts().await;
    let started = "page-fetched@1";
    let plans = (0..4).map(|n| match n {
        0 => Failpoints::hold(started).and_kill("committed@3"),
        _ => Failpoints::hold(started),
    });
    let mut processes: Vec<(Failpoints, Running)> = plans
        .map(|plan| {
            let running = plan.on(command(&rotation, "")).spawn();
            (plan, running)
        })
        .collect();
    for (plan, process) in &mut processes {
        plan.reached(started, process).await;
    }
    // each has a shard now, and none of them has committed anything
    let survivors: Vec<u32> = processes[1..].iter().map(|(_, process)| process.id()).collect();
    for (plan, _) in &processes {
        plan.release(started);
    }
    let mut outcomes = Vec::new();
    for (_, process) in processes {
        outcomes.push(process.wait().await);
    }
    assert_eq!(outcomes.remove(0).signal, Some(9));
    let reports: Vec<_> = outcomes.into_iter().map(|outcome| outcome.expect(0).json()).collect();
    assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
    assert_eq!(reports[0]["status"], "completed", "{}", reports[0]);
    assert_eq!(reports[0]["total_records"], RECORDS, "{}", reports[0]);
    assert_eq!(reports[0]["resealed_records"], RECORDS, "no record is counted twice");
    expect_written_once(&rotation).await;
    let finishers = finishers(&rotation).await;
    assert!(survivors.iter().all(|process| finishers.contains(process)), "{finishers:?}");

    let events = "SELECT count(*) FROM reseal.audit_event";
    let client = rotation.client().await;
    let before: i64 = client.query_one(events, &[]).await.expect("the ledger").get(0);
    let late = command(&rotation, "").run().await.expect(0).json();
    assert_eq!(late, reports[0]);
    let after: i64 = client.query_one(events, &[]).await.expect("the ledger").get(0);
    assert_eq!(after, before, "it did nothing");
}

/// A process that is stopped (SIGSTOP) past its lease and continued when others are at work on its shard:
/// the fence turns its page away.
#[tokio::test]
async fn a_process_that_was_stopped_commits_nothing() {
    let rotation = parts().await;
    let failpoints = Failpoints::hold("page-resealed@3");
    let mut stopped = failpoints.on(command(&rotation, "--lease 1s")).spawn();
    failpoints.reached("page-resealed@3", &mut stopped).await;
    stopped.signal("STOP");
    failpoints.release("page-resealed@3");
    let epochs = "SELECT max(epoch) FROM reseal.checkpoint WHERE pass = 1";
    let ours = Failpoints::hold("committed@1");
    let mut other = ours.on(command(&rotation, "--lease 1h")).spawn();
    ours.reached("committed@1", &mut other).await;
    ours.release("committed@1");
    let client = rotation.client().await;
    eventually("its shard is taken over", async || {
        let epoch: i32 = client.query_one(epochs, &[]).await.expect("the ledger").get(0);
        (epoch == 2).then_some(())
    })
    .await;
    stopped.signal("CONT");
    let (stopped, other) = tokio::join!(stopped.wait(), other.wait());
    assert_eq!(stopped.expect(0).json(), other.expect(0).json());
    expect_written_once(&rotation).await;
}
