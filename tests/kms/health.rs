//! `reseal health` where key services hold every key that columns need.

use std::time::Duration;

use serde_json::Value;

use crate::fakes::{Fake, KINDS, Kind, Versions, aws_refusal, gcp_refusal, vault_refusal};
use crate::support::{Reseal, TestKey};

/// Values that the key seals itself, as far as the service does that; else data keys beside values.
fn config(kind: Kind) -> String {
    let uri = kind.uri();
    let column = match kind {
        Kind::Azure => format!(
            "layout = \"go\", data_key = {{ kms = \"{uri}\", column = \"dek\", version_column = \"v\" }}"
        ),
        _ => format!("kms = \"{uri}\""),
    };
    format!("[[table]]\nname = \"orders\"\n[table.columns]\nsecret = {{ {column} }}\n")
}

/// No variable holds a key.
fn health(kind: Kind, fake: &Fake) -> Reseal {
    kind.program("health --verbose --output json", fake).config(config(kind))
}

async fn checked(kind: Kind, fake: &Fake, code: i32) -> Value {
    let health = health(kind, fake).run().await.expect(code).json();
    assert_eq!(health["checks"]["key_services"], code == 0, "{kind:?}: {health}");
    assert_eq!(health["key_services"][0]["key"], kind.uri());
    assert_eq!(health["rings"], Value::Null, "no ring is needed: {health}");
    health
}

#[tokio::test]
async fn no_ring_is_asked_for_and_the_key_says_its_version() {
    for kind in KINDS {
        let fake = kind.start();
        fake.rotate();
        let health = checked(kind, &fake, 0).await;
        let key = &health["key_services"][0];
        assert_eq!(key["reachable"], true, "{kind:?}: {health}");
        assert_eq!(key["round_trip"], true);
        assert_eq!(key["newest_version"], fake.newest());
        assert_eq!(key["sealing_version"], fake.newest());
    }
}

#[tokio::test]
async fn a_ring_beside_it_is_asked_for() {
    let fake = Kind::Vault.start();
    let beside = format!(
        "{}[[table]]\nname = \"cards\"\n[table.columns]\nnumber = \"go\"\n",
        config(Kind::Vault)
    );
    let program = || Kind::Vault.program("health --output json", &fake).config(beside.clone());
    let said = program().run().await.expect(1).json();
    assert_eq!(said["checks"]["key_valid"], false);
    assert_eq!(said["checks"]["key_services"], true);
    assert!(said["errors"][0].to_string().contains("ENCRYPTION_KEY"), "{said}");
    program().current_key(&TestKey::random()).run().await.expect(0);
}

#[tokio::test]
async fn a_primary_version_that_does_not_seal_yet_is_seen() {
    let fake = Kind::Gcp.start();
    fake.versions(Versions::rotate_late);
    let health = checked(Kind::Gcp, &fake, 0).await;
    assert_eq!(health["key_services"][0]["newest_version"], "2");
    assert_eq!(health["key_services"][0]["sealing_version"], "1");
}

#[tokio::test]
async fn what_wraps_again_by_itself_needs_neither_to_seal_nor_to_open() {
    let fake = Kind::Aws.start();
    fake.refuse_only("TrentService.Encrypt", &aws_refusal("AccessDeniedException"));
    let health = checked(Kind::Aws, &fake, 0).await;
    let key = &health["key_services"][0];
    assert_eq!((&key["reachable"], &key["round_trip"]), (&true.into(), &Value::Null));
    assert_eq!(key["denied"][0], "AWS KMS denies kms:Encrypt");
    // Cloud KMS does not: what it cannot seal, a run cannot seal
    let fake = Kind::Gcp.start();
    fake.trouble(1, Duration::from_secs(600), &gcp_refusal(403, "PERMISSION_DENIED"));
    let health = checked(Kind::Gcp, &fake, 1).await;
    assert_eq!(health["key_services"][0]["reachable"], true);
    let what = health["errors"][0]["what"].as_str().unwrap();
    assert!(what.contains("cloudkms.cryptoKeyVersions.useToEncrypt"), "{what}");
}

#[tokio::test]
async fn what_stands_against_a_key_is_said() {
    let disabled = Kind::Aws.start();
    disabled.refuse_only("TrentService.Encrypt", &aws_refusal("DisabledException"));
    let health = checked(Kind::Aws, &disabled, 1).await;
    assert_eq!(health["errors"][0]["check"], "key_services");
    assert_eq!(health["errors"][0]["what"], "the AWS KMS key is disabled");
    assert_eq!(health["errors"][0]["where"], Kind::Aws.uri());
    // every plan asks for the newest version
    let blind = Kind::Aws.start();
    blind.refuse_only("TrentService.DescribeKey", &aws_refusal("AccessDeniedException"));
    let health = checked(Kind::Aws, &blind, 1).await;
    assert_eq!(health["errors"][0]["what"], "AWS KMS denies kms:DescribeKey");
    let sealed = Kind::Vault.start();
    sealed.refuse(1, &vault_refusal(503, "Vault is sealed"));
    let health = checked(Kind::Vault, &sealed, 1).await;
    assert_eq!(health["key_services"][0]["reachable"], false);
    let nowhere = self::health(Kind::Vault, &sealed).env("VAULT_ADDR", "http://127.0.0.1:1");
    let health = nowhere.run().await.expect(1).json();
    assert_eq!(health["key_services"][0]["reachable"], false, "{health}");
}
