//! The application always wins: whatever it does to the rows that are being resealed, and whatever it
//! forgets, nothing it wrote is lost, and none of its transactions fails.
#![cfg(feature = "failpoints")]

mod support;

#[path = "application/locks.rs"]
mod locks;
#[path = "application/service.rs"]
mod service;

use service::Service;
use support::{Reseal, Rotation};

const ROWS: i64 = 1_000;

/// The version column is one that part of the service maintains, and part of it ignores.
const CONFIGURATION: &str = "
    [[table]]
    name = \"secrets\"
    version = \"version\"
    [table.columns]
    value = \"go\"";

fn run(rotation: &Rotation) -> Reseal {
    let command = Reseal::new("run --page-rows-max 50 --max-passes 4").json();
    let keys = command.current_key(&rotation.new).previous_keys(&[&rotation.old]);
    keys.config(CONFIGURATION).on(&rotation.database)
}

/// While a part of the service still writes with the old key, a run ends bounded and says so; once that
/// part is restarted, the next run ends in proof, with the service at work all the while.
#[tokio::test(flavor = "multi_thread")]
async fn no_write_of_the_application_is_lost() {
    let rotation = Rotation::of(ROWS).await;
    let version = "DROP TRIGGER count_write ON secrets;
                   ALTER TABLE secrets ADD version integer NOT NULL DEFAULT 0";
    rotation.database.batch(version).await;
    let service = Service::start(&rotation, ROWS, 6).await;

    let status = run(&rotation).run().await.expect(1).json();
    assert_eq!(status["status"], "incomplete", "{status}");
    assert!(status["remaining_records"].as_u64() > Some(0), "{status}");
    let reason = status["reason"].as_str().expect("a reason");
    assert!(reason.contains("a service still writes with it"), "{reason}");

    service.forget_the_old_key();
    let before = service.committed();
    let status = run(&rotation).run().await.expect(0).json();
    assert_eq!(status["status"], "completed", "{status}");
    assert!(service.committed() > before, "the service was at work");
    let verify = Reseal::new("verify").json().current_key(&rotation.new);
    verify.config(CONFIGURATION).on(&rotation.database).run().await.expect(0);

    let written = service.stop().await;
    let stored = rotation.opened().await;
    assert_eq!(stored.len(), written.len(), "rows came back, or went");
    for (id, plaintext) in &written {
        let stored = stored.get(id).map(|plaintext| String::from_utf8_lossy(plaintext));
        assert_eq!(stored.as_deref(), Some(&*String::from_utf8_lossy(plaintext)), "row {id}");
    }
}

/// A ceiling on what is written: four seconds for 400 rows at 100 a second, less what the first page is free.
#[tokio::test]
async fn a_ceiling_on_rewritten_rows_is_kept() {
    let rotation = Rotation::of(400).await;
    let begun = std::time::Instant::now();
    let run = rotation.command("run --workers 2 --rows-per-second 100").run().await.expect(0);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(3_500), "{:?}", begun.elapsed());
    assert_eq!(run.json()["resealed_records"], 400);
    rotation.expect_written_once().await;
}
