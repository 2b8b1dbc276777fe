//! What is known or noted of a wrapped key, and is not so any more, or never was.

use super::{Place, Rows};
use crate::fakes::{KINDS, Kind, Versions};
use crate::support::Hold;

/// A row of its own, whose wrapped key holds these bytes.
async fn insert_wrapped(rows: &Rows, id: i64, bytes: &[u8]) {
    let wrapped = super::rows::wrapped_key(rows.kind, &rows.fake.wrap_bytes(bytes));
    let client = rows.database.client().await;
    let dek = if rows.kind == Kind::Vault { "convert_from($2, 'UTF8')" } else { "$2::bytea" };
    let insert = format!(
        "INSERT INTO secrets (id, secret, dek, kek_version) \
         SELECT $1, secret, {dek}, (SELECT min(kek_version) FROM secrets) FROM secrets WHERE id = 1"
    );
    client.execute(&insert, &[&id, &wrapped]).await.expect("a row");
}

/// What was the newest version when it was asked about is not, once another one is.
#[tokio::test]
async fn a_rotation_in_mid_run_is_seen_by_its_proof() {
    for kind in KINDS {
        for rotate in ["rewrap", "reseal"] {
            let mut rows = Rows::new(kind, Place::Column, 20, 4).await;
            rows.fake.rotate();
            rows.insert(21..=40, 4).await;
            if kind == Kind::Azure {
                rows.note_versions().await;
            }
            let rows = rows.with(&format!(", rotate = \"{rotate}\""));
            let run = rows.command("run --workers 1 --output json");
            let (hold, run) = Hold::at("committed@1", run).await;
            rows.fake.rotate();
            hold.release();
            run.wait().await.expect(0);
            println!("{kind:?}, {rotate}");
            rows.check().await;
        }
    }
}

/// The version that is noted is the newest, and is not the one that wrapped.
#[tokio::test]
async fn a_note_that_lies_is_found_out_by_whoever_opens() {
    for kind in [Kind::Aws, Kind::Gcp] {
        for rotate in ["rewrap", "reseal"] {
            let rows = Rows::new(kind, Place::Column, 60, 60).await.noted();
            let rows = rows.with(&format!(", rotate = \"{rotate}\""));
            rows.fake.rotate();
            rows.run(0).await;
            let stale = rows.fake.versions(|versions| versions.newest());
            rows.fake.rotate();
            assert_eq!(stale, 2);
            let lie =
                format!("UPDATE secrets SET kek_version = '{}' WHERE id <= 3", rows.fake.newest());
            rows.database.batch(&lie).await;
            let read = rows.command("verify --verify-open --output json").run().await.expect(1);
            assert_eq!(read.json()["remaining_records"], 60, "{kind:?}: {}", read.stdout);
            rows.command("run --verify-open").run().await.expect(0);
            rows.check().await;
        }
    }
}

/// … as is a value whose version nobody has noted.
#[tokio::test]
async fn a_run_opens_what_is_done_and_not_noted() {
    for kind in KINDS {
        let rows = Rows::new(kind, Place::Column, 20, 20).await;
        for _ in 0..2 {
            rows.command("run --verify-open").run().await.expect(0);
            rows.check().await;
            rows.fake.rotate();
        }
    }
}

/// What comes late is asked about at once, and not key by key.
#[tokio::test]
async fn the_newest_version_is_not_asked_for_each_key_that_comes_late() {
    let rows = Rows::new(Kind::Vault, Place::Column, 60, 60).await;
    rows.fake.rotate();
    let before = rows.read().await;
    let run = rows.command("run --workers 1").env("RESEAL_RETRY_FOR", "1s");
    let (hold, run) = Hold::at("page-fetched@1", run).await;
    rows.fake.versions(Versions::fall_back);
    rows.fake.take_calls();
    hold.release();
    let late = run.wait().await.expect(5);
    assert!(late.stderr.contains("still wraps under an older version"), "{}", late.stderr);
    let calls = rows.fake.take_calls();
    assert!(calls["keys"] <= calls["rewrap"] + 8, "{calls:?}");
    assert_eq!(rows.read().await, before);
}

/// A number above the newest one was never given, or its version is gone: the service is asked.
#[tokio::test]
async fn a_version_newer_than_the_newest_is_not_taken_for_done() {
    for kind in [Kind::Gcp, Kind::Vault] {
        let rows = Rows::new(kind, Place::Column, 60, 60).await.noted();
        rows.fake.rotate();
        rows.run(0).await;
        rows.fake.rotate();
        let lie = match kind {
            Kind::Gcp => "UPDATE secrets SET kek_version = '7' WHERE id <= 3",
            _ => "UPDATE secrets SET dek = replace(dek, 'vault:v2', 'vault:v7') WHERE id <= 3",
        };
        rows.database.batch(lie).await;
        if kind == Kind::Vault {
            // as a server that was restored from an older state meets them
            let found = rows.command("run --output json").run().await.expect(1).json();
            assert_eq!(found["failed_records"], 3, "{found}");
        } else {
            rows.run(0).await;
            rows.check().await;
        }
    }
}

/// What was wrapped is no key of the column's cipher: the row is listed, and the others are done.
#[tokio::test]
async fn what_is_no_data_key_is_one_failure() {
    for kind in KINDS {
        for rotate in ["rewrap", "reseal"] {
            let rows = Rows::new(kind, Place::Column, 20, 4).await;
            insert_wrapped(&rows, 99, &[7; 16]).await;
            let rows = rows.with(&format!(", rotate = \"{rotate}\""));
            rows.fake.rotate();
            for words in ["run", "run --verify-open", "verify --verify-open"] {
                let outcome = rows.command(&format!("{words} --output json")).run().await.expect(1);
                let done = &outcome.json()["processed_records"];
                assert_eq!(*done, 20, "{kind:?}, {rotate}, {words}: {}", outcome.stdout);
            }
        }
    }
}

/// Azure does not unwrap without the version: a row without one fails, and no other that shares its wrapped key.
#[tokio::test]
async fn a_note_that_is_missing_says_nothing_of_other_rows() {
    let rows = Rows::new(Kind::Azure, Place::Column, 20, 2).await;
    rows.database.batch("UPDATE secrets SET kek_version = NULL WHERE id IN (1, 2)").await;
    let before = rows.read().await;
    rows.fake.rotate();
    let (outcome, _) = rows.run(1).await;
    assert_eq!(outcome.json()["failed_records"], 2, "{}", outcome.stdout);
    let after = rows.read().await;
    for (id, stored) in &after {
        let is_left = [1, 2].contains(id);
        assert_eq!(*stored == before[id], is_left, "row {id}");
    }
}
