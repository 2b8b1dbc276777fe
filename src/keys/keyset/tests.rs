//! Keysets as Tink itself writes them (tink-py 1.16.1), and what is refused of others.

use data_encoding::{BASE64, HEXLOWER};

use super::*;

const JSON: &str = r#"{"primaryKeyId": 785745288, "key": [{"keyData": {
    "typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmKey", "value": "GhDRNmNuZI8WwPXa0Nuuqvpg",
    "keyMaterialType": "SYMMETRIC"}, "status": "ENABLED", "keyId": 785745288, "outputPrefixType": "TINK"}]}"#;

/// The same keyset in binary.
const BINARY: &str = "08888bd6f60212540a480a30747970652e676f6f676c65617069732e636f6d2f676f6f676c652e6372\
    7970746f2e74696e6b2e41657347636d4b657912121a10d136636e648f16c0f5dad0dbaeaafa60180110011888\
    8bd6f6022001";

const ENCRYPTED: &str =
    r#"{"encryptedKeyset": "ewAWYBSNZiQm", "keysetInfo": {"primaryKeyId": 785745288}}"#;
const BINARY_ENCRYPTED: &str = "1203780c301a0208 07";

fn binary(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.replace(' ', "").as_bytes()).unwrap()
}

/// A key in JSON; `value` is what its message holds.
fn key(id: u32, type_name: &str, value: &[u8], status: &str, prefix: &str) -> String {
    let value = BASE64.encode(value);
    format!(
        r#"{{"keyData": {{"typeUrl": "type.googleapis.com/google.crypto.tink.{type_name}",
        "value": "{value}", "keyMaterialType": "SYMMETRIC"}},
        "status": "{status}", "keyId": {id}, "outputPrefixType": "{prefix}"}}"#
    )
}

/// An AES-256-GCM key of one byte repeated.
fn aes(id: u32, byte: u8, status: &str, prefix: &str) -> String {
    key(id, "AesGcmKey", &[&[0x1a, 32][..], &[byte; 32]].concat(), status, prefix)
}

fn keyset(primary: u32, keys: &[String]) -> String {
    format!(r#"{{"primaryKeyId": {primary}, "key": [{}]}}"#, keys.join(", "))
}

fn refusal(content: &str) -> String {
    Keyset::parse(content.as_bytes()).unwrap_err().to_string()
}

#[test]
fn every_form_of_one_keyset() {
    let bytes = binary(BINARY);
    let in_base64 = format!("{}\n", BASE64.encode(&bytes));
    let escaped = JSON.replace("GhDRNmNuZI8WwPXa0Nuuqvpg", r"GhDRNmNuZI8WwPXa0Nuuqvp\u0067");
    for content in [JSON.as_bytes(), &bytes, in_base64.as_bytes(), escaped.as_bytes()] {
        let Keyset { primary, others } = Keyset::parse(content).unwrap();
        assert_eq!((primary.id, primary.prefix), (785_745_288, Prefix::Tink));
        assert_eq!(primary.cipher, Cipher::Aes128Gcm);
        assert_eq!(primary.label().as_deref(), Some("785745288"));
        assert_eq!(HEXLOWER.encode(primary.bytes.expose()), "d136636e648f16c0f5dad0dbaeaafa60");
        assert!(others.is_empty());
        assert!(!format!("{primary:?}").contains("d136"), "a key is not printed");
    }
}

#[test]
fn which_keys_are_used() {
    let xchacha = [&[0x1a, 32][..], &[4; 32]].concat();
    let chacha = [&[0x12, 32][..], &[5; 32]].concat();
    let destroyed = r#"{"status": "DESTROYED", "keyId": 6, "outputPrefixType": "TINK"}"#;
    let text = keyset(
        2,
        &[
            aes(1, 1, "ENABLED", "CRUNCHY"),
            aes(2, 2, "ENABLED", "TINK"),
            aes(3, 3, "DISABLED", "TINK"),
            key(4, "XChaCha20Poly1305Key", &xchacha, "ENABLED", "RAW"),
            key(5, "ChaCha20Poly1305Key", &chacha, "ENABLED", "LEGACY"),
            destroyed.to_owned(),
            key(7, "AesSivKey", b"x", "DISABLED", "TINK"),
            // the primary key without its prefix: it opens such values as it is
            aes(8, 2, "ENABLED", "RAW"),
        ],
    );
    let Keyset { primary, others } = Keyset::parse(text.as_bytes()).unwrap();
    assert_eq!(primary.id, 2);
    let others: Vec<_> = others.iter().map(|key| (key.id, key.prefix, key.cipher)).collect();
    let wanted = [
        (1, Prefix::Crunchy, Cipher::Aes256Gcm),
        (4, Prefix::Raw, Cipher::XChaCha20Poly1305),
        (5, Prefix::Crunchy, Cipher::ChaCha20Poly1305),
    ];
    assert_eq!(others, wanted);
}

#[test]
fn what_is_refused_by_id_and_type() {
    let siv = key(9, "AesSivKey", b"x", "ENABLED", "TINK");
    assert_eq!(
        refusal(&keyset(9, &[siv])),
        "key 9 of the keyset is a type.googleapis.com/google.crypto.tink.AesSivKey, which is not supported"
    );
    // a key in the place of a type is not repeated
    let misplaced = aes(9, 1, "ENABLED", "TINK").replace("type.googleapis.com/google", "0f0f0f0f");
    assert_eq!(refusal(&keyset(9, &[misplaced])), "key 9 of the keyset is of no type of Tink's");
    let short = key(9, "AesGcmKey", &[0x1a, 2, 1, 1], "ENABLED", "TINK");
    let newer = key(9, "AesGcmKey", &[&[8, 1, 0x1a, 32][..], &[1; 32]].concat(), "ENABLED", "TINK");
    let odd = aes(9, 1, "ENABLED", "OTHER");
    for damaged in [short, newer, odd] {
        assert_eq!(refusal(&keyset(9, &[damaged])), "key 9 of the keyset is damaged");
    }
    let primary = "the primary key 1 of the keyset is missing or not enabled";
    assert_eq!(refusal(&keyset(1, &[aes(1, 1, "DISABLED", "TINK")])), primary);
    assert_eq!(refusal(&keyset(1, &[aes(2, 1, "ENABLED", "TINK")])), primary);
    for none in ["", "{}", "{", "[]", "{\"key\": 1}", "not a keyset", "0f0f", "\u{8}\u{96}"] {
        assert_eq!(refusal(none), "this is no keyset", "{none}");
    }
}

#[test]
fn an_encrypted_keyset_is_told_apart() {
    assert_eq!(refusal(ENCRYPTED), "the keyset is encrypted");
    assert_eq!(encrypted(ENCRYPTED.as_bytes()).unwrap(), BASE64.decode(b"ewAWYBSNZiQm").unwrap());
    let bytes = binary(BINARY_ENCRYPTED);
    assert_eq!(encrypted(&bytes).unwrap(), [0x78, 0x0c, 0x30]);
    assert_eq!(encrypted(BASE64.encode(&bytes).as_bytes()).unwrap(), [0x78, 0x0c, 0x30]);
    for other in [JSON.as_bytes(), &binary(BINARY), b"vault:v1:AAAA", b"{\"wrapped\": \"AAAA\"}"] {
        assert_eq!(encrypted(other), None);
    }
}
