//! Whatever keeps a service from answering has its own message, with what to do about it.

use crate::envelope::{Place, Rows};
use crate::fakes::{
    Answer, KINDS, Kind, SECRETS, aws_refusal, azure_refusal, gcp_refusal, vault_refusal,
};
use crate::support::TestKey;

/// What the service answers, the exit code, and words of the message and of its hint.
type Case = (Answer, i32, &'static str, &'static str);

fn cases(kind: Kind) -> Vec<Case> {
    match kind {
        Kind::Aws => aws(),
        Kind::Gcp => gcp(),
        Kind::Azure => azure(),
        Kind::Vault => vault(),
    }
}

fn aws() -> Vec<Case> {
    vec![
        (aws_refusal("AccessDeniedException"), 2, "denies kms:Encrypt", "key policy"),
        (aws_refusal("DisabledException"), 2, "is disabled", "enable-key"),
        (aws_refusal("KMSInvalidStateException"), 2, "in its state", "cancel-key-deletion"),
        (aws_refusal("NotFoundException"), 2, "no such AWS KMS key in eu-central-1", "region"),
        (aws_refusal("ExpiredTokenException"), 5, "have expired", "AWS_SESSION_TOKEN"),
        (aws_refusal("UnrecognizedClientException"), 5, "are not accepted", "AWS_PROFILE"),
        (aws_refusal("KMSInternalException"), 5, "is not available", ""),
        (aws_refusal("ThrottlingException"), 5, "allows no more calls", "--kms-max-rps"),
    ]
}

fn gcp() -> Vec<Case> {
    vec![
        (gcp_refusal(403, "PERMISSION_DENIED"), 2, "useToEncrypt", "cryptoKeyEncrypterDecrypter"),
        (gcp_refusal(400, "FAILED_PRECONDITION"), 2, "is disabled, destroyed", "versions list"),
        (gcp_refusal(404, "NOT_FOUND"), 2, "no such Cloud KMS key", "location"),
        (gcp_refusal(401, "UNAUTHENTICATED"), 5, "have expired", "GOOGLE_APPLICATION_CREDENTIALS"),
        (gcp_refusal(503, "UNAVAILABLE"), 5, "is not available", ""),
        (gcp_refusal(429, "RESOURCE_EXHAUSTED"), 5, "allows no more calls", "--kms-max-rps"),
    ]
}

fn azure() -> Vec<Case> {
    vec![
        (
            azure_refusal(403, "Forbidden", Some("AccessDenied")),
            2,
            "denies keys/wrapKey",
            "Crypto User",
        ),
        (azure_refusal(403, "Forbidden", Some("KeyDisabled")), 2, "is disabled", "--enabled true"),
        (azure_refusal(404, "KeyNotFound", None), 2, "no such key, or version of it", "recovered"),
        (azure_refusal(401, "Unauthorized", None), 5, "are not accepted", "AZURE_CLIENT_SECRET"),
        (azure_refusal(503, "ServiceUnavailable", None), 5, "is not available", ""),
        (azure_refusal(429, "Throttled", None), 5, "allows no more calls", "--kms-max-rps"),
    ]
}

fn vault() -> Vec<Case> {
    vec![
        (vault_refusal(403, "permission denied"), 2, "update on transit/encrypt/k", "policies"),
        (vault_refusal(404, "no handler for route"), 2, "has no key k", "VAULT_NAMESPACE"),
        (
            vault_refusal(400, "ciphertext or signature version is disallowed by policy (too old)"),
            2,
            "no longer decrypts",
            "min_decryption_version",
        ),
        (vault_refusal(503, "Vault is sealed"), 5, "it is sealed", ""),
        (vault_refusal(429, "quota exceeded"), 5, "allows no more calls", "--kms-max-rps"),
    ]
}

#[tokio::test]
async fn each_has_its_own_message() {
    for kind in KINDS {
        let fake = kind.start();
        for (answer, code, what, hint) in cases(kind) {
            // Vault is asked whether the key is there first, and may refuse that
            let is_permission = kind == Kind::Vault && answer.status == 403;
            fake.refuse(if is_permission { 2 } else { 1 }, &answer);
            let words = format!("generate-key --wrap-with {}", kind.uri());
            let refused = kind.program(&words, &fake).run().await.expect(code);
            let said = &refused.stderr;
            assert!(said.contains(what) && said.contains(hint), "{kind:?}, {what}: {said}");
            let place = kind.uri().split('?').next().unwrap();
            assert!(said.contains(place), "{kind:?}: {said}");
            assert!(refused.stdout.is_empty());
        }
    }
}

/// What stands against unwrapping, which is what a run begins with.
fn against_unwrapping(kind: Kind) -> Vec<Case> {
    match kind {
        Kind::Aws => aws_against_unwrapping(),
        Kind::Gcp => gcp_against_unwrapping(),
        Kind::Azure => azure_against_unwrapping(),
        Kind::Vault => vault_against_unwrapping(),
    }
}

fn aws_against_unwrapping() -> Vec<Case> {
    vec![
        (aws_refusal("AccessDeniedException"), 2, "denies kms:Decrypt", "key policy"),
        (aws_refusal("DisabledException"), 2, "is disabled", "enable-key"),
        (aws_refusal("KMSInvalidStateException"), 2, "in its state", "cancel-key-deletion"),
        (aws_refusal("NotFoundException"), 2, "no such AWS KMS key in eu-central-1", "region"),
        (aws_refusal("IncorrectKeyException"), 2, "cannot unwrap this data key", "another key"),
        (aws_refusal("ExpiredTokenException"), 5, "have expired", "AWS_SESSION_TOKEN"),
    ]
}

fn gcp_against_unwrapping() -> Vec<Case> {
    vec![
        (
            gcp_refusal(403, "PERMISSION_DENIED"),
            2,
            "denies cloudkms.cryptoKeyVersions.useToDecrypt",
            "roles/",
        ),
        (gcp_refusal(400, "FAILED_PRECONDITION"), 2, "is disabled, destroyed", "versions list"),
        (gcp_refusal(404, "NOT_FOUND"), 2, "no such Cloud KMS key in this project", "location"),
        (gcp_refusal(400, "INVALID_ARGUMENT"), 2, "cannot unwrap this data key", "another key"),
        (gcp_refusal(401, "UNAUTHENTICATED"), 5, "have expired", "GOOGLE_APPLICATION_CREDENTIALS"),
    ]
}

fn azure_against_unwrapping() -> Vec<Case> {
    vec![
        (azure_refusal(403, "Forbidden", Some("AccessDenied")), 2, "denies keys/unwrapKey", "role"),
        (azure_refusal(403, "Forbidden", Some("KeyDisabled")), 2, "is disabled", "--enabled true"),
        (azure_refusal(404, "KeyNotFound", None), 2, "in team.vault.azure.net", "recovered"),
        (azure_refusal(400, "BadParameter", None), 2, "cannot unwrap this data key", "version"),
        (azure_refusal(401, "Unauthorized", None), 5, "are not accepted", "AZURE_CLIENT_SECRET"),
    ]
}

fn vault_against_unwrapping() -> Vec<Case> {
    vec![
        (
            vault_refusal(403, "permission denied"),
            2,
            "denies update on transit/decrypt/k",
            "policies",
        ),
        (
            vault_refusal(400, "disallowed by policy (too old)"),
            2,
            "no longer decrypts",
            "min_decryption_version",
        ),
        (vault_refusal(404, "no handler for route"), 2, "has no key k", "VAULT_NAMESPACE"),
        (
            vault_refusal(400, "cipher: message authentication failed"),
            2,
            "cannot unwrap this data key",
            "another key",
        ),
        (vault_refusal(503, "Vault is sealed"), 5, "it is sealed", ""),
    ]
}

#[tokio::test]
async fn a_run_that_cannot_unwrap_says_why() {
    for kind in KINDS {
        let fake = kind.start();
        let file = fake.file("dek", &fake.wrap(&TestKey::random()));
        let uri = kind.uri();
        let keys = format!(
            "[keys]\ncurrent = {{ kms = \"{uri}\", wrapped = \"file:{}\" }}\nprevious = []\n",
            file.display()
        );
        for (answer, code, what, hint) in against_unwrapping(kind) {
            fake.refuse(1, &answer);
            // nobody listens there, and nobody is asked
            let run = kind.program("run -c public.t.c:go", &fake).config(keys.clone());
            let run = run.env("DATABASE_URL", "postgres://u@127.0.0.1:1/d").run().await;
            let said = run.expect(code).stderr;
            assert!(said.contains(what) && said.contains(hint), "{kind:?}, {what}: {said}");
        }
    }
}

/// A permission that a run of columns needs, and that only the run finds missing.
#[tokio::test]
async fn a_permission_that_columns_need_is_named() {
    for (kind, operation, said) in [
        (Kind::Aws, "TrentService.DescribeKey", "AWS KMS denies kms:DescribeKey"),
        (Kind::Aws, "TrentService.ReEncrypt", "AWS KMS denies kms:ReEncryptFrom"),
    ] {
        let rows = Rows::new(kind, Place::Column, 20, 4).await;
        rows.fake.rotate();
        let before = rows.read().await;
        rows.fake.refuse_only(operation, &aws_refusal("AccessDeniedException"));
        let refused = rows.command("run").run().await.expect(2);
        assert!(refused.stderr.contains(said), "{operation}: {}", refused.stderr);
        assert_eq!(rows.read().await, before);
    }
}

#[tokio::test]
async fn nobody_at_the_address() {
    for kind in KINDS {
        let (fake, words) = (kind.start(), format!("generate-key --wrap-with {}", kind.uri()));
        let nowhere = "http://127.0.0.1:1"; // tcpmux, which nobody runs
        let program = kind.program(&words, &fake);
        let program = match kind {
            Kind::Aws => program.env("AWS_ENDPOINT_URL_KMS", nowhere),
            Kind::Gcp | Kind::Azure => program.env("HTTPS_PROXY", nowhere),
            Kind::Vault => program.env("VAULT_ADDR", nowhere),
        };
        let refused = program.run().await.expect(5);
        assert!(refused.stderr.contains("cannot reach"), "{kind:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("connection refused"), "{kind:?}: {}", refused.stderr);
    }
}

#[tokio::test]
async fn no_credentials_and_bad_ones() {
    for kind in KINDS {
        let (fake, words) = (kind.start(), format!("generate-key --wrap-with {}", kind.uri()));
        let program = kind.program(&words, &fake);
        let (program, code) = match kind {
            Kind::Aws => (program.env("AWS_ACCESS_KEY_ID", "AKIDOTHER"), 5),
            Kind::Gcp => (program.env("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent"), 2),
            Kind::Azure => (program.env("AZURE_CLIENT_SECRET", "another"), 5),
            Kind::Vault => (program.env("VAULT_TOKEN", "another"), 5),
        };
        let refused = program.run().await.expect(code);
        assert!(refused.stderr.contains("credentials for"), "{kind:?}: {}", refused.stderr);
        for secret in SECRETS {
            assert!(!refused.stderr.contains(secret));
        }
    }
}

#[tokio::test]
async fn a_certificate_of_somebody_else() {
    for kind in [Kind::Gcp, Kind::Azure] {
        let (fake, words) = (kind.start(), format!("generate-key --wrap-with {}", kind.uri()));
        let stranger = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates/stranger.crt");
        let program = kind.program(&words, &fake).env("SSL_CERT_FILE", stranger);
        let refused = program.run().await.expect(5);
        assert!(refused.stderr.contains("TLS: invalid peer certificate"), "{}", refused.stderr);
        assert_eq!(fake.calls(), 0);
    }
}

#[tokio::test]
async fn what_google_sends_is_checked() {
    let fake = Kind::Gcp.start();
    let name = Kind::Gcp.uri().strip_prefix("gcpkms://").unwrap();
    let garbled = serde_json::json!({
        "name": format!("{name}/cryptoKeyVersions/1"),
        "ciphertext": "AAAA",
        "ciphertextCrc32c": "1",
        "verifiedPlaintextCrc32c": true,
    });
    fake.refuse(1, &Answer::json(200, &garbled));
    let words = format!("generate-key --wrap-with {}", Kind::Gcp.uri());
    let refused = Kind::Gcp.program(&words, &fake).run().await.expect(5);
    assert!(refused.stderr.contains("changed on its way (CRC32C)"), "{}", refused.stderr);
}
