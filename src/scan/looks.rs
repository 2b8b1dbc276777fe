//! What merely looks like ciphertext: random bytes, as they are or as text.
//!
//! No more than a hint: digests, tokens and compressed files look the same.

use std::collections::HashSet;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

/// Bytes of the shortest authenticated value: nonce and tag, and no plaintext.
const BYTES_MIN: usize = 28;
/// So many bytes of a value are looked at.
const LOOK_BYTES: usize = 256;
/// A file's headers stand in its first bytes.
const HEAD_BYTES: usize = 64;

/// How random bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disguise {
    pub encoding: Encoding,
    /// Decoded.
    pub bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    Raw,
    Hex,
    Base64,
}

impl Encoding {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Hex => "hexadecimal",
            Self::Base64 => "base64",
        }
    }
}

/// How the value may be random bytes; `None` when it does not look so.
pub fn disguise(stored: &[u8]) -> Option<Disguise> {
    let of = |encoding, bytes: &[u8]| {
        is_random(bytes).then_some(Disguise { encoding, bytes: bytes.len() })
    };
    let Some(text) = text(stored) else { return of(Encoding::Raw, stored) };
    if let Some(bytes) = hex(&text) {
        return of(Encoding::Hex, &bytes);
    }
    of(Encoding::Base64, &base64(&text)?)
}

/// The value without line feeds and padding, when it is printable ASCII.
fn text(stored: &[u8]) -> Option<Vec<u8>> {
    let is_printable =
        |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\r' | b'\n' | b'\t');
    if !stored.iter().all(is_printable) {
        return None;
    }
    let kept = stored.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    let mut text: Vec<u8> = kept.collect();
    while text.last() == Some(&b'=') {
        text.pop();
    }
    Some(text)
}

/// Random bytes have letters and digits in hexadecimal, of one case.
fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let is_mixed =
        text.iter().any(u8::is_ascii_uppercase) && text.iter().any(u8::is_ascii_lowercase);
    if is_mixed || !text.iter().any(u8::is_ascii_digit) || !text.iter().any(u8::is_ascii_alphabetic)
    {
        return None;
    }
    HEXLOWER_PERMISSIVE.decode(text).ok()
}

/// … and in base64 letters of both cases and digits.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let has = |kind: fn(&u8) -> bool| text.iter().any(kind);
    let is_varied =
        has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    if !is_varied {
        return None;
    }
    BASE64_NOPAD.decode(text).or_else(|_| BASE64URL_NOPAD.decode(text)).ok()
}

fn is_random(bytes: &[u8]) -> bool {
    let looked_at = &bytes[..bytes.len().min(LOOK_BYTES)];
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    bytes.len() >= BYTES_MIN && is_varied(looked_at) && is_varied(head) && !is_readable(looked_at)
}

/// Whether as many different bytes are there as random ones would have, give or take a few.
#[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
fn is_varied(bytes: &[u8]) -> bool {
    let different = bytes.iter().collect::<HashSet<_>>().len() as f64;
    let expected = 256.0 * (1.0 - (255.0_f64 / 256.0).powf(bytes.len() as f64));
    different >= 0.85 * expected
}

/// Of random bytes a bit more than a third are ASCII that can be read.
fn is_readable(bytes: &[u8]) -> bool {
    let readable = bytes.iter().filter(|byte| byte.is_ascii_graphic() || **byte == b' ').count();
    readable * 4 > bytes.len() * 3
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL, HEXLOWER};

    use super::*;

    fn random(bytes: usize) -> Vec<u8> {
        let mut random = vec![0; bytes];
        getrandom::fill(&mut random).expect("random bytes");
        random
    }

    #[test]
    fn random_bytes_are_seen_however_they_are_stored() {
        for bytes in [40, 60, 300, 5_000] {
            let random = random(bytes);
            for (encoding, stored) in [
                (Encoding::Raw, random.clone()),
                (Encoding::Hex, HEXLOWER.encode(&random).into_bytes()),
                (Encoding::Base64, BASE64.encode(&random).into_bytes()),
                (Encoding::Base64, BASE64URL.encode(&random).into_bytes()),
            ] {
                assert_eq!(disguise(&stored), Some(Disguise { encoding, bytes }), "{encoding:?}");
            }
        }
    }

    #[test]
    fn what_people_write_is_not_taken_for_it() {
        for text in [
            "",
            "Grüße aus Wien, mit vielen Umlauten: äöüß und noch mehr Wörtern",
            "A quick brown fox jumps over the lazy dog 1234567890, and again",
            "someverylongidentifierwithoutanyspaceswhichisalsobase64",
            "550e8400-e29b-41d4-a716-446655440000",
            "https://example.org/a/path?with=query&and=more#fragment",
            "00000000000000000000000000000000000000000000000000000000000000ff",
            "$2b$12$abcdefghijklmnopqrstuv.wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
            "QSBxdWljayBicm93biBmb3gganVtcHMgb3ZlciB0aGUgbGF6eSBkb2cgMTIzNDU2Nzg5MA==",
            "{\"a\": 1, \"b\": [true, null, \"text\"], \"c\": {\"d\": \"and so on\"}}",
        ] {
            assert_eq!(disguise(text.as_bytes()), None, "{text}");
        }
        assert_eq!(disguise(&[7; 500]), None);
        assert_eq!(disguise(&random(27)), None);
    }
}
