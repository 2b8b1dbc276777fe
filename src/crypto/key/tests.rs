//! Known answers from the GCM specification, and everything that must not open.

use data_encoding::HEXLOWER;

use super::*;
use crate::crypto::{NonceLength, NonceSource};

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn plaintext(bytes: &[u8]) -> Plaintext {
    let mut plaintext = Plaintext::new();
    plaintext.set(bytes);
    plaintext
}

fn key() -> Key {
    Key::new(KeyBytes::generate().unwrap())
}

/// McGrew and Viega, The Galois/Counter Mode of Operation (revised), appendix B, test cases 13, 14
/// and 16 (AES-256, 12-byte nonces): key, nonce, plaintext, AAD, ciphertext, tag.
const KNOWN: [[&str; 6]; 3] = [
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000",
        "",
        "",
        "",
        "530f8afbc74536b9a963b4f1c4cb738b",
    ],
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000",
        "00000000000000000000000000000000",
        "",
        "cea7403d4d606b6e074ec5d3baf39d18",
        "d0d1c8a799996bf0265b98b5d48ab919",
    ],
    [
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ],
];

#[test]
fn known_answers() {
    for [key, nonce, plain, aad, sealed, tag] in KNOWN {
        let key = Key::new(KeyBytes::from_hex(key.as_bytes()).unwrap());
        let (nonce, aad) = (hex(nonce), hex(aad));
        let mut ciphertext = b"left over from another value".to_vec();
        let nonce = Nonce::known(&nonce).unwrap();
        let written = key.seal(&nonce, &aad, &plaintext(&hex(plain)), &mut ciphertext);
        assert_eq!((&ciphertext, &written[..]), (&hex(sealed), &hex(tag)[..]));

        let parts = Parts { nonce: nonce.as_bytes(), ciphertext: &ciphertext, tag: &written };
        let mut opened = Plaintext::new();
        key.open(&parts, &aad, &mut opened).unwrap();
        assert_eq!(opened.expose(), hex(plain));
    }
}

#[test]
fn short_tags_are_read_for_both_nonce_lengths() {
    let (key, other) = (key(), key());
    let mut nonces = NonceSource::new();
    for length in [NonceLength::Twelve, NonceLength::Sixteen] {
        let nonce = nonces.next(length).unwrap();
        let mut ciphertext = Vec::new();
        let tag = key.seal(&nonce, b"aad", &plaintext(b"secret"), &mut ciphertext);
        for bytes in 0..=16 {
            let tag = &tag[..bytes];
            let parts = Parts { nonce: nonce.as_bytes(), ciphertext: &ciphertext, tag };
            let mut opened = plaintext(b"left over");
            assert_eq!(key.open(&parts, b"aad", &mut opened).is_ok(), bytes >= 12);
            assert_eq!(opened.expose(), if bytes >= 12 { &b"secret"[..] } else { b"" });
            assert_eq!(other.open(&parts, b"aad", &mut opened), Err(NotAuthentic));
        }
    }
}

#[test]
fn nothing_altered_opens_and_nothing_is_let_out() {
    let key = key();
    let nonce = NonceSource::new().next(NonceLength::Twelve).unwrap();
    let mut ciphertext = Vec::new();
    let tag = key.seal(&nonce, b"users:42", &plaintext(b"Gr\xc3\xbc\xc3\x9fe"), &mut ciphertext);
    let whole = [nonce.as_bytes(), &ciphertext, &tag].concat();
    let mut opened = Plaintext::new();
    let mut open = |whole: &[u8], aad: &[u8]| {
        let (nonce, rest) = whole.split_at(12);
        let (ciphertext, tag) = rest.split_at(rest.len() - 16);
        let outcome = key.open(&Parts { nonce, ciphertext, tag }, aad, &mut opened);
        assert_eq!(outcome.is_err(), opened.is_empty());
        outcome
    };
    assert_eq!(open(&whole, b"users:42"), Ok(()));
    for aad in [&b"users:43"[..], b"users:4", b""] {
        assert_eq!(open(&whole, aad), Err(NotAuthentic));
    }
    for bit in 0..8 * whole.len() {
        let mut altered = whole.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&altered, b"users:42"), Err(NotAuthentic), "bit {bit}");
    }
}

#[test]
fn other_nonce_lengths_do_not_open() {
    let key = key();
    for bytes in (0..32).filter(|bytes| ![12, 16].contains(bytes)) {
        let nonce = vec![0; bytes];
        let parts = Parts { nonce: &nonce, ciphertext: b"x", tag: &[0; 16] };
        assert_eq!(key.open(&parts, b"", &mut Plaintext::new()), Err(NotAuthentic));
    }
}

#[test]
fn a_key_shows_its_id_only() {
    let bytes = KeyBytes::from_hex([b'0'; 64].as_slice()).unwrap();
    let key = Key::new(bytes);
    assert_eq!(format!("{key:?}"), format!("Key({})", key.id()));
}
