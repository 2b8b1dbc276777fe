//! Wrapped keys that are bound to their row: rotated and still bound, bound to something else by the rotation,
//! shared where rows are bound alike, and refused where another row's stands.

#[path = "bound/refused.rs"]
mod refused;
#[path = "bound/stage.rs"]
mod stage;

use std::collections::{BTreeMap, BTreeSet};

use self::stage::{BINDING, Stage, To, words};
use crate::fakes::{Kind, OTHER_AWS_URI};

#[tokio::test]
async fn rotated_and_still_bound() {
    for kind in BINDING {
        for rotate in ["rewrap", "reseal"] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=60, To::Row).await;
            let before = stage.check(To::Row).await;
            stage.fake.rotate();
            let more = format!("{}, rotate = \"{rotate}\"", words(kind, To::Row));
            let status = stage.run("run", &more, 0).await.json();
            assert_eq!(status["resealed_records"], 60, "{kind:?}: {status}");
            let after = stage.check(To::Row).await;
            for (id, (_, secret, dek)) in &after {
                assert_eq!(*secret == before[id].1, rotate == "rewrap", "{kind:?}: row {id}");
                assert_ne!(*dek, before[id].2);
            }
            stage.run("verify --verify-open", &more, 0).await;
            stage.run("run", &more, 0).await;
            assert_eq!(stage.rows().await, after, "a second run writes nothing");
            // told of another binding, nothing opens
            let other = words(kind, To::Tenant);
            stage.run("verify --verify-open", &other, 1).await;
        }
    }
}

/// A wrapped key and its value, copied into another row: what was learnt of them in their own row says nothing there.
#[tokio::test]
async fn a_key_of_another_row_is_refused() {
    for kind in BINDING {
        for rotate in ["rewrap", "reseal"] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=20, To::Row).await;
            stage
                .database
                .batch(
                    "UPDATE orders SET (secret, dek) = (SELECT secret, dek FROM orders WHERE id = 7)
                     WHERE id IN (3, 12)",
                )
                .await;
            let before = stage.rows().await;
            stage.fake.rotate();
            let more = format!("{}, rotate = \"{rotate}\"", words(kind, To::Row));
            let status = stage.run("run", &more, 1).await.json();
            assert_eq!(
                (&status["failed_records"], &status["resealed_records"]),
                (&2.into(), &18.into()),
                "{kind:?}, {rotate}: {status}"
            );
            let after = stage.rows().await;
            for id in [3, 12] {
                assert_eq!(
                    after[&id], before[&id],
                    "{kind:?}, {rotate}: row {id} is left as it was"
                );
            }
            assert_ne!(after[&7], before[&7]);
            let failures = stage.run("failures", &more, 0).await.stdout;
            assert_eq!(failures.matches("no_key_opens_it").count(), 2, "{failures}");
            // … and when the rows are under the newest version, whoever opens them sees it
            let swap =
                "UPDATE orders SET (secret, dek) = (SELECT secret, dek FROM orders WHERE id = 7)
                        WHERE id IN (3, 12)";
            stage.database.batch(swap).await;
            let found = stage.run("verify --verify-open", &more, 1).await.json();
            assert_eq!(found["processed_records"], 18, "{kind:?}, {rotate}: {found}");
        }
    }
}

#[tokio::test]
async fn a_rotation_may_bind_to_something_else() {
    for kind in BINDING {
        for rotate in ["rewrap", "reseal"] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=20, To::Nothing).await;
            stage.insert(21..=30, To::Row).await;
            stage.insert(31..=40, To::Tenant).await;
            let before = stage.rows().await;
            let (uri, none) = (kind.uri(), words(kind, To::Nothing));
            let more = format!(
                "{}, read = [{{ kms = \"{uri}\", {none} }}, {{ kms = \"{uri}\", {} }}], \
                 rotate = \"{rotate}\", version_column = \"note\"",
                words(kind, To::Row),
                words(kind, To::Tenant),
            );
            // the version is the newest, and says nothing of the binding
            stage
                .database
                .batch(&format!("UPDATE orders SET note = '{}'", stage.fake.newest()))
                .await;
            stage.fake.take_calls();
            let status = stage.run("run", &more, 0).await.json();
            assert_eq!(status["resealed_records"], 30, "{kind:?}, {rotate}: {status}");
            let calls = stage.fake.take_calls();
            if (kind, rotate) == (Kind::Aws, "rewrap") {
                assert!(calls["ReEncrypt"] >= 30 && !calls.contains_key("Encrypt"), "{calls:?}");
            }
            let after = stage.check(To::Row).await;
            for id in 21..=30 {
                assert_eq!(
                    after[&id], before[&id],
                    "{kind:?}, {rotate}: row {id} was bound already"
                );
            }
            stage.run("verify --verify-open", &words(kind, To::Row), 0).await;
        }
    }
}

/// To another key of AWS and another context, in one call and without a data key being shown.
#[tokio::test]
async fn to_another_key_and_another_context() {
    let stage = Stage::set(Kind::Aws).await;
    stage.insert(1..=20, To::Row).await;
    let (uri, of_row) = (Kind::Aws.uri(), words(Kind::Aws, To::Row));
    let to_other = format!("kms = \"{OTHER_AWS_URI}\", context = {{ to = \"{{id}}\" }}");
    let more = format!("column = \"dek\", read = [{{ kms = \"{uri}\", {of_row} }}]");
    let config = |data_key: String| {
        format!(
            "[[table]]\nname = \"orders\"\n[table.columns.secret]\nlayout = \"go\"\n\
             data_key = {{ {data_key} }}\n"
        )
    };
    let before = stage.rows().await;
    let both = config(format!("{to_other}, {more}"));
    stage.fake.take_calls();
    let run = stage.reseal("run", "").config(both).run().await.expect(0).json();
    assert_eq!(run["resealed_records"], 20, "{run}");
    let calls = stage.fake.take_calls();
    assert_eq!(calls.get("Encrypt"), None, "{calls:?}");
    for (id, (_, secret, dek)) in stage.rows().await {
        assert_eq!(secret, before[&id].1);
        assert_ne!(dek, before[&id].2);
    }
    let alone = config(format!("{to_other}, column = \"dek\""));
    stage.reseal("verify --verify-open", "").config(alone).run().await.expect(0);
}

#[tokio::test]
async fn rows_that_are_bound_alike_share_a_new_data_key_and_no_others_do() {
    for kind in BINDING {
        let stage = Stage::set(kind).await;
        stage.insert(1..=60, To::Tenant).await;
        stage.fake.rotate();
        let of_tenant = words(kind, To::Tenant);
        let more = format!("{of_tenant}, rotate = \"reseal\", rows_per_data_key = 15");
        stage.run("run --workers 1 --page-rows-max 7", &more, 0).await;
        let rows = stage.check(To::Tenant).await;
        let mut tenants: BTreeMap<Vec<u8>, BTreeSet<String>> = BTreeMap::new();
        for (tenant, _, dek) in rows.values() {
            tenants.entry(dek.clone()).or_default().insert(tenant.clone());
        }
        assert!(tenants.values().all(|tenants| tenants.len() == 1), "{kind:?}");
        assert_eq!(tenants.len(), 3 * 2, "{kind:?}: 20 rows a tenant, 15 a data key");
    }
}

/// Killed behind the second page, and started again.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn killed_and_resumed() {
    for kind in BINDING {
        for rotate in ["rewrap", "reseal"] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=60, To::Row).await;
            stage.fake.rotate();
            let more = format!("{}, rotate = \"{rotate}\"", words(kind, To::Row));
            for point in ["committed@2", "before-commit@2", "page-resealed@2"] {
                let run = stage.reseal("run --workers 1 --page-rows-max 10", &more);
                let killed = run.env("RESEAL_FAILPOINT", format!("{point}=kill")).run().await;
                assert_eq!(killed.signal, Some(9), "{point}: {}", killed.printed());
            }
            let halfway = stage.rows().await;
            let status = stage.run("run", &more, 0).await.json();
            assert_eq!(status["resealed_records"], 60, "{kind:?}, {rotate}: {status}");
            let after = stage.check(To::Row).await;
            let written = halfway.iter().filter(|(id, row)| after[id] == **row).count();
            assert_eq!(written, 40, "{kind:?}, {rotate}: none is written twice");
        }
    }
}
