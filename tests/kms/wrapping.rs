//! Data keys are wrapped, and only what wrapped them opens them again.

use reseal::kms::{KeyUri, WrappedKey};

use crate::fakes::{KINDS, Kind, SECRETS};

#[tokio::test]
async fn a_new_key_is_printed_as_only_the_service_opens_it() {
    for kind in KINDS {
        let fake = kind.start();
        fake.rotate();
        let words = format!("generate-key --wrap-with {}", kind.uri());
        let line = kind.program(&words, &fake).run().await.expect(0).json();
        assert_eq!(line["kms"], kind.uri());
        assert_eq!(line["key_id"].as_str().unwrap().len(), 16);
        let version = line["version"].as_str().unwrap();
        match kind {
            Kind::Aws => assert_eq!(version.len(), 64, "the id of the key material"),
            Kind::Azure => assert_eq!(version, format!("{:032x}", 2)),
            Kind::Gcp | Kind::Vault => assert_eq!(version, "2"),
        }
        let uri: KeyUri = kind.uri().parse().unwrap();
        let wrapped = WrappedKey::parse(line.to_string().as_bytes(), uri.service()).unwrap();
        assert_eq!(wrapped.to_line(&uri), line.to_string());
    }
}

#[tokio::test]
async fn a_service_that_throttles_is_asked_again_later() {
    for kind in KINDS {
        let fake = kind.start();
        fake.refuse(2, &kind.throttled());
        let words = format!("generate-key --wrap-with {}", kind.uri());
        let program = kind.program(&words, &fake).env("RESEAL_RETRY_FOR", "1m");
        program.env("RESEAL_KMS_MAX_RPS", "50").run().await.expect(0);
        let calls = fake.calls();
        // Vault is asked whether the key is there first
        assert_eq!(calls, if kind == Kind::Vault { 5 } else { 4 }, "{kind:?}");
    }
}

#[tokio::test]
async fn nothing_printed_holds_a_credential_or_a_key() {
    for kind in KINDS {
        let fake = kind.start();
        let words = format!("-vv generate-key --wrap-with {}", kind.uri());
        let good = kind.program(&words, &fake).run().await.expect(0);
        fake.refuse(9, &kind.throttled());
        let bad = kind.program(&words, &fake).run().await.expect(5);
        let printed = format!("{}{}", good.printed(), bad.printed());
        for secret in SECRETS {
            assert!(!printed.contains(secret), "{kind:?}: {printed}");
        }
    }
}
