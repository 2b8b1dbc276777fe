//! Rings whose keys lie wrapped: unwrapped once, checked, and used like any other.

use std::path::Path;

use data_encoding::BASE64;
use serde_json::Value;

use crate::fakes::{Fake, KINDS, Kind, aws_refusal};
use crate::support::{Reseal, TestKey, Vault};

/// A key of a ring, wrapped by a service and in a file.
fn source(kind: Kind, file: &Path) -> String {
    format!("{{ kms = \"{}\", wrapped = \"file:{}\" }}", kind.uri(), file.display())
}

fn keys(current: &str, previous: &str) -> String {
    format!("[keys]\ncurrent = {current}\nprevious = [{previous}]\n")
}

/// What `health --verbose` says of the ring's first key.
async fn health(kind: Kind, fake: &Fake, file: &Path) -> Value {
    let program = kind.program("health --verbose --output json", fake);
    let health = program.config(keys(&source(kind, file), "")).run().await.expect(0).json();
    assert_eq!(health["checks"]["round_trip"], true);
    let key = health["rings"][0]["keys"][0].clone();
    assert_eq!(key["round_trip"], true);
    assert_eq!(key["wrapped_by"]["kms"], kind.uri());
    key
}

#[tokio::test]
async fn health_tells_the_version_and_whether_a_newer_one_wraps() {
    for kind in KINDS {
        let (fake, key) = (kind.start(), TestKey::random());
        let file = fake.file("dek", &fake.wrap(&key));
        let first = health(kind, &fake, &file).await;
        assert_eq!(first["key"], key.id());
        assert_eq!(first["wrapped_by"]["is_newest"], true, "{kind:?}: {first}");
        fake.rotate();
        let stale = health(kind, &fake, &file).await;
        assert_eq!(stale["key"], key.id(), "it still opens");
        assert_eq!(stale["wrapped_by"]["is_newest"], false, "{kind:?}: {stale}");
        let newest = stale["wrapped_by"]["newest_version"].as_str().unwrap();
        // Google's own file does not say which version it was; the others tell, or hold it
        let told = first["wrapped_by"]["version"].as_str();
        assert_eq!(told.is_none(), kind == Kind::Gcp);
        assert_ne!(told, Some(newest));
        let words = format!("generate-key --wrap-with {}", kind.uri());
        let line = kind.program(&words, &fake).run().await.expect(0);
        let fresh = health(kind, &fake, &fake.file("fresh", &line.stdout)).await;
        assert_eq!(fresh["wrapped_by"]["version"], newest);
        assert_eq!(fresh["wrapped_by"]["is_newest"], true);
        assert_eq!(fresh["key"], line.json()["key_id"]);
    }
}

#[tokio::test]
async fn from_a_variable_to_aws_and_from_aws_to_vault() {
    let mut vault = Vault::with_rows(300).await;
    let before = vault.cells().await;
    let (aws, bao) = (Kind::Aws.start(), Kind::Vault.start());
    let in_aws = source(Kind::Aws, &aws.file("dek", &aws.wrap(&vault.new)));
    let words =
        || vault.with_columns("run").config(keys(&in_aws, "\"env:ENCRYPTION_KEY_PREVIOUS\""));
    let run = Kind::Aws.reach(words(), &aws).run().await.expect(0);
    assert_eq!(aws.calls(), 1, "unwrapped once");
    vault.check(&before, &vault.cells().await, &[]);

    let in_bao = TestKey::random();
    let first = std::mem::replace(&mut vault.new, in_bao);
    let in_bao = source(Kind::Vault, &bao.file("dek", &bao.wrap(&vault.new)));
    let words = |words| vault.with_columns(words).config(keys(&in_bao, &in_aws));
    let program = Kind::Vault.reach(Kind::Aws.reach(words("run"), &aws), &bao);
    let again = program.run().await.expect(0);
    vault.check(&before, &vault.cells().await, &[]);
    // the proof asks for the current key alone: AWS is not needed
    Kind::Vault.reach(words("verify"), &bao).run().await.expect(0);
    for printed in [run.printed(), again.printed()] {
        for key in [&first, &vault.new] {
            assert!(!printed.contains(&key.hex()));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_unwrapped_ends_the_command_before_the_database() {
    let kind = Kind::Aws;
    let (fake, key) = (kind.start(), TestKey::random());
    let file = fake.file("dek", &fake.wrap(&key));
    let refused = async |ring: String, code| {
        let program = kind.program("run -c public.t.c:go", &fake).config(ring);
        // nobody listens there, and nobody is asked
        program.env("DATABASE_URL", "postgres://u@127.0.0.1:1/d").run().await.expect(code).stderr
    };
    fake.refuse(1, &aws_refusal("DisabledException"));
    let said = refused(keys(&source(kind, &file), ""), 2).await;
    assert!(said.contains("the AWS KMS key is disabled"), "{said}");
    assert!(said.contains(&format!("file:{} wrapped by awskms:///arn:", file.display())), "{said}");
    // a key of another KMS key, nothing at all, and lines that were put together from two
    let other = fake.file("other", &kind.start().wrap(&key));
    let said = refused(keys(&source(kind, &other), ""), 2).await;
    assert!(said.contains("cannot unwrap this data key with this key"), "{said}");
    let empty = fake.file("empty", "");
    let said = refused(keys(&source(kind, &empty), ""), 2).await;
    assert!(said.contains("there is no wrapped key"), "{said}");
    let mixed =
        format!("{{\"key_id\": \"0011223344556677\", \"wrapped\": \"{}\"}}", fake.wrap(&key));
    let said = refused(keys(&source(kind, &fake.file("mixed", &mixed)), ""), 2).await;
    assert!(said.contains("another one than its file says"), "{said}");
    let said = refused(keys(&source(kind, &file), &source(kind, &file)), 2).await;
    assert!(said.contains("a previous key is the current key"), "{said}");
    for ring in [
        "{ kms = \"awskms:///x\" }",
        "{ wrapped = \"file:/x\" }",
        "{ kms = \"s3://b\", wrapped = \"file:/x\" }",
    ] {
        let said = refused(keys(ring, ""), 2).await;
        assert!(said.contains("kms"), "{said}");
    }
}

#[tokio::test]
async fn health_needs_no_permission_to_describe() {
    let kind = Kind::Aws;
    let fake = kind.start();
    let file = fake.file("dek", &fake.wrap(&TestKey::random()));
    // the permission to unwrap, and not the one to describe
    fake.refuse_only("TrentService.DescribeKey", &aws_refusal("AccessDeniedException"));
    let key = health(kind, &fake, &file).await;
    assert!(key["wrapped_by"]["version"].is_string());
    assert!(key["wrapped_by"]["is_newest"].is_null());
}

/// Tink's encrypted keyset: what the KMS key has sealed, without additional data, is the keyset in binary.
#[tokio::test]
async fn a_keyset_is_opened_by_the_kms_that_encrypted_it() {
    let [old, new] = [TestKey::random(), TestKey::random()];
    let key = |id: u8, key: &TestKey| {
        let message = [&[0x1a, 32][..], key.bytes()].concat();
        let type_url = b"type.googleapis.com/google.crypto.tink.AesGcmKey";
        let data = [field(1, type_url), field(2, &message), vec![0x18, 1]].concat();
        field(2, &[field(1, &data), vec![0x10, 1, 0x18, id, 0x20, 1]].concat())
    };
    let keyset = [vec![0x08, 2], key(1, &old), key(2, &new)].concat();
    for kind in [Kind::Aws, Kind::Gcp, Kind::Vault] {
        let fake = kind.start();
        let sealed = fake.wrap_bytes(&keyset);
        // Tink keeps what the service answered as bytes, of Vault its text
        let sealed = if kind == Kind::Vault { BASE64.encode(sealed.as_bytes()) } else { sealed };
        let info = serde_json::json!({"primaryKeyId": 2, "keyInfo": []});
        let encrypted = serde_json::json!({"keysetInfo": info, "encryptedKeyset": sealed.trim()});
        let file = fake.file("keyset.json", &encrypted.to_string());
        let source =
            format!("{{ kms = \"{}\", keyset = \"file:{}\" }}", kind.uri(), file.display());
        let health = kind.program("health --verbose --output json", &fake);
        let health = health.config(keys(&source, "")).run().await.expect(0).json();
        let ids: Vec<&Value> =
            health["rings"][0]["keys"].as_array().unwrap().iter().map(|k| &k["key"]).collect();
        assert_eq!(ids, [&Value::from(new.id()), &Value::from(old.id())], "{kind:?}");
        assert_eq!(health["rings"][0]["keys"][1]["wrapped_by"]["kms"], kind.uri());
        // in the open it is none
        let plain = format!("{{ keyset = \"file:{}\" }}", file.display());
        let refused = Reseal::new("health").config(keys(&plain, "")).run().await.expect(1);
        assert!(refused.stdout.contains("the keyset is encrypted"), "{}", refused.stdout);
    }
}

/// A field of a protocol buffer that holds so many bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    let length = match u8::try_from(length) {
        Ok(short @ 0..128) => vec![short],
        _ => vec![(length & 0x7f) as u8 | 0x80, (length >> 7) as u8],
    };
    [&[number << 3 | 2][..], &length, bytes].concat()
}
