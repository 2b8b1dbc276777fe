//! Bindings that a row or a service does not have.

use super::stage::{Stage, To, words};
use crate::fakes::Kind;
use crate::support::TestDatabase;

#[tokio::test]
async fn a_row_that_lacks_what_its_key_is_bound_to_is_listed() {
    let stage = Stage::set(Kind::Vault).await;
    stage.insert(1..=30, To::Tenant).await;
    stage.database.batch("UPDATE orders SET tenant = NULL WHERE id = 5").await;
    stage.fake.rotate();
    let of_tenant = words(Kind::Vault, To::Tenant);
    let status = stage.run("run", &of_tenant, 1).await.json();
    assert_eq!(status["failed_records"], 1, "{status}");
    let failures = stage.run("failures", &of_tenant, 0).await.stdout;
    assert!(failures.contains("aad_missing"), "{failures}");
}

/// Rows that were never bound as others had been lack what that would take.
#[tokio::test]
async fn what_only_a_former_binding_lacks_does_not_matter() {
    let stage = Stage::set(Kind::Gcp).await;
    stage.insert(1..=10, To::Tenant).await;
    stage.insert(11..=20, To::Row).await;
    stage.database.batch("UPDATE orders SET tenant = NULL WHERE id > 10").await;
    stage.fake.rotate();
    let more = format!(
        "{}, read = [{{ kms = \"{}\", {} }}]",
        words(Kind::Gcp, To::Row),
        Kind::Gcp.uri(),
        words(Kind::Gcp, To::Tenant)
    );
    stage.run("run", &more, 0).await;
    stage.check(To::Row).await;
}

#[tokio::test]
async fn what_binds_to_nothing_is_refused() {
    let refused = async |kind: Kind, more: &str, code, said: &str| {
        let stage = Stage::set(kind).await;
        stage.insert(1..=3, To::Nothing).await;
        let printed = stage.run("plan", more, code).await.printed();
        assert!(printed.contains(said), "{kind:?} {more}: {printed}");
    };
    let azure = "version_column = \"note\", aad = \"{id}\"";
    let stage = Stage {
        kind: Kind::Azure,
        fake: Kind::Azure.start(),
        database: TestDatabase::create().await,
    };
    let printed = stage.run("plan", azure, 2).await.printed();
    assert!(printed.contains("Azure Key Vault binds a wrapped data key to nothing"), "{printed}");
    refused(Kind::Aws, "aad = \"{id}\"", 2, "to an encryption context, not to `aad`").await;
    refused(Kind::Vault, "context = { of = \"{id}\" }", 2, "to `aad`, not to a context").await;
    refused(Kind::Gcp, "aad = \"{kid}\"", 2, "has no label").await;
    refused(Kind::Gcp, "aad = \"{dek}\"", 3, "a resealed column").await;
    refused(Kind::Vault, "aad = \"{nowhere}\"", 3, "which does not exist").await;
    let twice = format!("aad = \"{{id}}\", read = [\"{}\"]", Kind::Vault.uri());
    refused(Kind::Vault, &twice, 2, "names a KMS key twice").await;
    // not one of them is bound as it is said
    refused(Kind::Vault, "aad = \"{id}\"", 3, "only 0 open").await;
}
