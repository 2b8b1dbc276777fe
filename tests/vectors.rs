//! Real ciphertexts of other programs, read and written through templates.
//!
//! Each file of `tests/vectors` says which library made it. Keys that an application derives from a
//! passphrase are given derived: derivation is no part of a layout.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use reseal::crypto::{Key, KeyBytes, Nonce, NotAuthentic, Plaintext};
use reseal::layout::{DecodeBuffer, Layout};
use serde_json::Value;

/// File and template.
const VECTORS: [(&str, &str); 28] = [
    ("go-bytea", "go"),
    ("go-hex", "go-hex"),
    ("go-b64", "go-b64"),
    ("enc-v1-b64-packed-iv12-ct-tag", "enc-v1"),
    ("enc-v1-b64-colon-iv12-tag-ct", "enc:v1:{b64(nonce12)}:{b64(tag16)}:{b64(ct)}"),
    ("node-hex-iv12-tag-ct", "node-hex"),
    ("node-hex-iv16-tag-ct", "node-hex-iv16"),
    ("node-hex-iv12-ct-tag", "{hex(nonce12)}:{hex(ct)}:{hex(tag16)}"),
    ("node-b64-colon-iv12-tag-ct", "{b64(nonce12)}:{b64(tag16)}:{b64(ct)}"),
    ("node-b64-packed-iv12-tag-ct", "{b64(nonce12 tag16 ct)}"),
    ("node-b64url-dot-iv12-tag-ct-aad", "{b64urlraw(nonce12)}.{b64urlraw(tag16)}.{b64urlraw(ct)}"),
    ("java-b64-iv12-ct-tag", "go-b64"),
    ("php-b64-iv12-tag-ct", "{b64(nonce12 tag16 ct)}"),
    ("python-aesgcm-nonce-ct-tag-aad", "go"),
    ("tink-aes256gcm", "{raw(x01 x73f2b2e4 nonce12 ct tag16)}"),
    ("tink-aes256gcm-raw", "go"),
    ("elixir-cloak-gcm", "{raw(x010a)}AES.GCM.V1{raw(nonce16 tag16 ct)}"),
    ("elixir-cloak-gcm-iv12", "{raw(x010a)}AES.GCM.V1{raw(nonce12 tag16 ct)}"),
    ("typeorm-encrypted-gcm", "{b64(nonce12 tag16 ct)}"),
    ("lockbox", "go-b64"),
    ("lockbox-raw-aad", "go"),
    ("sqlalchemy-utils-aesgcm", "{b64(nonce12 tag16 ct)}"),
    ("47ng-cloak", "v1.aesgcm256.3bab9a53.{b64url(nonce12)}.{b64url(ct tag16)}"),
    ("vault-transit", "vault:v1:{b64(nonce12 ct tag16)}"),
    (
        "jwe-compact-dir-a256gcm",
        "eyJhbGciOiAiZGlyIiwgImVuYyI6ICJBMjU2R0NNIn0..{b64urlraw(nonce12)}.{b64urlraw(ct)}.{b64urlraw(tag16)}",
    ),
    ("spring-encryptors-delux", "{hex(nonce16 ct tag16)}"),
    ("django-searchable-encrypted-fields", "{raw(nonce16 tag16 ct)}"),
    (
        "rails-ar-encryption-sha256",
        r#"{{"p":"{b64(ct)}","h":{{"iv":"{b64(nonce12)}","at":"{b64(tag16)}"}}}}"#,
    ),
];

struct Vector {
    key: Key,
    plaintext: Vec<u8>,
    aad: Vec<u8>,
    stored: Vec<u8>,
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors"))
}

fn load(name: &str) -> Vector {
    let text = fs::read(directory().join(name).with_extension("json")).unwrap();
    let json: Value = serde_json::from_slice(&text).unwrap();
    let field = |name: &str| json[name].as_str();
    let stored = field("stored").unwrap();
    let (stored, aad) = match (field("stored_type"), field("aad")) {
        (Some("bytea"), aad) => (HEXLOWER.decode(&stored.as_bytes()[2..]).unwrap(), aad),
        // A JWE authenticates its header (RFC 7516, section 5.1, step 14).
        _ if name.starts_with("jwe") => (stored.into(), stored.split('.').next()),
        (_, aad) => (stored.into(), aad),
    };
    Vector {
        key: Key::new(KeyBytes::from_hex(field("key").unwrap().as_bytes()).unwrap()),
        plaintext: field("plaintext").unwrap().into(),
        aad: aad.unwrap_or_default().into(),
        stored,
    }
}

#[test]
fn each_opens_and_is_written_again_byte_for_byte() {
    let other = Key::new(KeyBytes::generate().unwrap());
    for (name, template) in VECTORS {
        let layout = Layout::named(template).unwrap();
        let vector = load(name);
        let mut buffer = DecodeBuffer::default();
        let parts = layout.decode(&vector.stored, &mut buffer).expect(name);

        let mut plaintext = Plaintext::new();
        let wrong = [&vector.aad[..], b"x"].concat();
        assert_eq!(other.open(&parts, &vector.aad, &mut plaintext), Err(NotAuthentic), "{name}");
        assert_eq!(vector.key.open(&parts, &wrong, &mut plaintext), Err(NotAuthentic), "{name}");
        vector.key.open(&parts, &vector.aad, &mut plaintext).expect(name);
        assert_eq!(plaintext.expose(), vector.plaintext, "{name}");

        let nonce = Nonce::known(parts.nonce).unwrap();
        let (mut ciphertext, mut stored) = (Vec::new(), Vec::new());
        let tag = vector.key.seal(&nonce, &vector.aad, &plaintext, &mut ciphertext);
        layout.encode(&nonce, &ciphertext, &tag, &mut stored);
        assert_eq!(stored, vector.stored, "{name}");
        assert_eq!(layout.writable(), Ok(()), "{name}");
        assert!(!layout.is_text() || stored.is_ascii(), "{name}");
    }
}

#[test]
fn no_vector_is_forgotten() {
    let files: BTreeSet<String> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(files, VECTORS.map(|(name, _)| name.to_owned()).into());
}
