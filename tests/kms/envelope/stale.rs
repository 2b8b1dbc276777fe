//! Staleness, service by service: rows wrapped under an old version, a new version, a run, and the proof that
//! none is left; with the calls of each.

use std::collections::{BTreeMap, BTreeSet};

use super::{Place, Rows};
use crate::fakes::{KINDS, Kind, Versions};

/// 2,000 rows and 50 data keys, or what the variables say.
fn size() -> (i64, usize) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<usize>().ok();
    let rows = number("RESEAL_TEST_ENVELOPE_ROWS").unwrap_or(2_000);
    let data_keys = number("RESEAL_TEST_ENVELOPE_KEYS").unwrap_or(50);
    (i64::try_from(rows).unwrap(), data_keys)
}

fn total(calls: &BTreeMap<String, usize>) -> usize {
    calls.values().sum()
}

/// Of one operation.
fn of(calls: &BTreeMap<String, usize>, operation: &str) -> usize {
    calls.get(operation).copied().unwrap_or(0)
}

#[tokio::test]
async fn rewrapped_and_no_value_touched() {
    let (count, keys) = size();
    for kind in KINDS {
        let rows = Rows::new(kind, Place::Column, count, keys).await.noted();
        let before = rows.read().await;
        rows.fake.rotate();
        let (outcome, calls) = rows.run(0).await;
        let after = rows.check().await;
        assert_eq!(outcome.json()["status"], "completed");
        assert_eq!(outcome.json()["resealed_records"], count, "{kind:?}: {}", outcome.stdout);
        for (id, stored) in &after {
            assert_eq!(stored.secret, before[id].secret, "the ciphertext of row {id}");
            assert_ne!(stored.dek, before[id].dek);
        }
        let distinct = |rows: &BTreeMap<i64, super::rows::Stored>| {
            rows.values().map(|stored| stored.dek.clone()).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(distinct(&after), keys, "rows that shared a data key still do");
        println!("{kind:?}: {count} rows, {keys} data keys, rewrapped: {calls:?}");
        // 16 are unwrapped for the sample; each is looked at once it is wrapped again
        match kind {
            Kind::Aws => {
                assert_eq!(of(&calls, "ReEncrypt"), keys);
                assert!(of(&calls, "Decrypt") <= keys + 16, "{calls:?}");
            }
            Kind::Gcp => {
                assert!(of(&calls, "encrypt") <= keys + 8, "and a canary a pass: {calls:?}");
                assert!(of(&calls, "decrypt") <= 2 * keys + 16, "{calls:?}");
            }
            Kind::Azure => {
                assert_eq!(of(&calls, "wrapkey"), keys);
                assert!(of(&calls, "unwrapkey") <= 2 * keys + 16, "{calls:?}");
            }
            Kind::Vault => assert!(total(&calls) <= 60, "in batches: {calls:?}"),
        }
        let (_, again) = rows.run(0).await;
        println!("{kind:?}: a second run: {again:?}");
        assert!(total(&again) <= 24, "the sample's, and what is the newest: {again:?}");
        assert_eq!(rows.read().await, after, "and writes nothing");
        rows.command("verify").run().await.expect(0);
    }
}

#[tokio::test]
async fn in_front_of_the_value() {
    for kind in [Kind::Aws, Kind::Vault, Kind::Gcp] {
        let rows = Rows::new(kind, Place::Prefix, 300, 20).await;
        let before = rows.read().await;
        rows.fake.rotate();
        rows.run(0).await;
        let after = rows.check().await;
        for (id, stored) in &after {
            assert_eq!(rows.value_of(stored), rows.value_of(&before[id]), "row {id}");
            assert_ne!(rows.dek_of(stored), rows.dek_of(&before[id]));
            assert_eq!(stored.noted, None);
        }
        // without a note each distinct wrapped key costs one call; Vault's says its version itself
        let (_, again) = rows.run(0).await;
        match kind {
            Kind::Vault => assert!(total(&again) <= 8, "{again:?}"),
            _ => assert!(total(&again) <= 2 * 20 + 8, "{again:?}"),
        }
        assert_eq!(rows.read().await, after);
    }
}

#[tokio::test]
async fn resealed_under_new_data_keys_for_many_rows() {
    let (count, keys) = size();
    for kind in KINDS {
        let rows = Rows::new(kind, Place::Column, count, keys).await.noted();
        let rows = rows.with(", rotate = \"reseal\", rows_per_data_key = 250");
        let before = rows.read().await;
        rows.fake.rotate();
        let (_, calls) = rows.run(0).await;
        let after = rows.check().await;
        for (id, stored) in &after {
            assert_ne!(stored.secret, before[id].secret, "row {id}");
        }
        let fresh: BTreeSet<_> = after.values().map(|stored| stored.dek.clone()).collect();
        let wanted = usize::try_from(count).unwrap().div_ceil(250);
        assert!((wanted..=wanted + 2).contains(&fresh.len()), "{} data keys", fresh.len());
        println!("{kind:?}: {count} rows, {keys} data keys, resealed: {calls:?}");
        match kind {
            Kind::Aws => {
                assert_eq!(of(&calls, "GenerateDataKey"), fresh.len());
                assert!(of(&calls, "Decrypt") <= keys + 16 + fresh.len(), "{calls:?}");
            }
            Kind::Vault => assert!(total(&calls) <= 30 + 2 * fresh.len(), "{calls:?}"),
            _ => assert!(total(&calls) <= 2 * (keys + 16 + 2 * fresh.len()), "{calls:?}"),
        }
        let (_, again) = rows.run(0).await;
        println!("{kind:?}: a second run: {again:?}");
        assert!(total(&again) <= 24, "{again:?}");
        assert_eq!(rows.read().await, after);
    }
}

/// The rows are done, and nobody has noted it yet.
#[tokio::test]
async fn what_is_not_noted_is_noted() {
    let rows = Rows::new(Kind::Aws, Place::Column, 100, 5).await.noted();
    let before = rows.read().await;
    rows.run(0).await;
    let after = rows.check().await;
    for (id, stored) in &after {
        assert_eq!((&stored.secret, &stored.dek), (&before[id].secret, &before[id].dek));
    }
}

/// As long as Cloud KMS takes an older version for the newest, nothing is proven by what it says of versions.
#[tokio::test]
async fn verify_waits_until_the_newest_version_wraps() {
    let rows = Rows::new(Kind::Gcp, Place::Column, 20, 2).await;
    rows.fake.versions(Versions::rotate_late);
    let verify = || rows.command("verify").env("RESEAL_RETRY_FOR", "1s").run();
    let late = verify().await.expect(5);
    assert!(late.stderr.contains("Cloud KMS still seals under version 1"), "{}", late.stderr);
    rows.fake.versions(Versions::catch_up);
    verify().await.expect(1);
    rows.run(0).await;
    verify().await.expect(0);
}

/// A new primary version of Cloud KMS takes its time to be the one that wraps.
#[tokio::test]
async fn what_came_under_an_older_version_is_not_done() {
    let rows = Rows::new(Kind::Gcp, Place::Column, 100, 5).await.noted();
    let before = rows.read().await;
    rows.fake.versions(Versions::rotate_late);
    let command = || rows.command("run").env("RESEAL_RETRY_FOR", "1s");
    let late = command().run().await.expect(5);
    assert!(
        late.stderr.contains("Cloud KMS still seals under version 1, not under 2"),
        "{}",
        late.stderr
    );
    assert_eq!(rows.read().await, before);
    rows.fake.versions(Versions::catch_up);
    command().run().await.expect(0);
    rows.check().await;
}
