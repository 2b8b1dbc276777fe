//! What must not be found, in every form it might take.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

use crate::support::TestKey;

/// Texts to search for, each with what it is.
#[derive(Debug, Default)]
pub struct Needles(Vec<(&'static str, String)>);

/// Bytes of a ciphertext that are searched for: the nonce, and as many of the body. Messages of the
/// server are cut off somewhere, and a multiple of three bytes is whole in base64.
const PART: usize = 12;

impl Needles {
    /// Bytes as hex and base64; of the latter what does not depend on the bytes that follow.
    fn bytes(&mut self, what: &'static str, bytes: &[u8]) {
        let whole = &bytes[..bytes.len() - bytes.len() % 3];
        self.0.push((what, HEXLOWER.encode(bytes)));
        self.0.push((what, HEXUPPER.encode(bytes)));
        self.0.push((what, BASE64_NOPAD.encode(whole)));
        self.0.push((what, BASE64URL_NOPAD.encode(whole)));
    }

    /// Text as it is, and encoded.
    pub fn text(&mut self, what: &'static str, text: &[u8]) {
        self.0.push((what, String::from_utf8(text.to_vec()).expect("text")));
        self.bytes(what, text);
    }

    pub fn key(&mut self, what: &'static str, key: &TestKey) {
        self.bytes(what, key.bytes());
        self.0.push((what, format!("{:?}", key.bytes())));
    }

    /// A stored value, text or not: the parts before and after its nonce.
    pub fn ciphertext(&mut self, stored: &[u8]) {
        let what = "the body of a ciphertext";
        match std::str::from_utf8(stored) {
            Ok(text) => {
                let body = text.trim_start_matches("enc:v1:");
                self.0.extend(pieces(body.as_bytes(), 16).map(|piece| {
                    (what, String::from_utf8(piece.to_vec()).expect("a piece of ASCII"))
                }));
            }
            Err(_) => pieces(stored, PART).for_each(|piece| self.bytes(what, piece)),
        }
    }

    /// Fails when `text` holds any of them, saying which, and not more.
    #[track_caller]
    pub fn search(&self, text: &str, place: &str) {
        let found: Vec<&str> = self
            .0
            .iter()
            .filter(|(_, needle)| text.contains(needle))
            .map(|(what, _)| *what)
            .collect();
        assert!(found.is_empty(), "{place} holds {found:?}:\n{text}");
    }
}

/// The first pieces of this length: nonce and beginning of the body.
fn pieces(bytes: &[u8], length: usize) -> impl Iterator<Item = &[u8]> {
    bytes.chunks_exact(length).take(2)
}

/// The search finds what is there.
#[test]
fn whatever_is_planted_is_found() {
    let key = TestKey::random();
    let stored = crate::support::seal(&key, "go", b"", b"a plaintext of some length");
    let token = crate::support::seal(&key, "enc-v1", b"", b"a plaintext of some length");
    let mut needles = Needles::default();
    needles.key("key", &key);
    needles.text("text", b"gout");
    needles.ciphertext(&stored);
    needles.ciphertext(&token);
    let token = String::from_utf8(token).expect("ASCII");
    for planted in [
        key.hex(),
        key.hex().to_uppercase(),
        data_encoding::BASE64.encode(key.bytes()),
        format!("{:?}", key.bytes()),
        "it was gout after all".to_owned(),
        format!("\\x{}", HEXLOWER.encode(&stored[..30])),
        data_encoding::BASE64.encode(&stored),
        format!("Failing row contains (7, {}...)", &token[..40]),
        format!("… {}", &token[23..]),
    ] {
        let search = || needles.search(&planted, "here");
        assert!(std::panic::catch_unwind(search).is_err(), "not found: {planted}");
    }
    needles.search(&format!("key id {}", key.id()), "a harmless text");
}
