//! The 32 bytes of a key: how they are read, made and compared, and that they are never shown.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Cipher, NoRandomness};

/// An AES-256 key. It stays in one place on the heap and is wiped there when dropped.
pub struct KeyBytes(Box<Zeroizing<[u8; KeyBytes::LENGTH]>>);

impl KeyBytes {
    /// Bytes of a key.
    pub const LENGTH: usize = 32;

    /// A new key from the operating system's generator.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut key = Self::zero();
        getrandom::fill(&mut key.0[..])?;
        Ok(key)
    }

    /// Reads exactly 64 hexadecimal characters; one newline (`\n` or `\r\n`) after them is forgiven.
    pub fn from_hex(text: &[u8]) -> Result<Self, MalformedKey> {
        let text = without_newline(text);
        if text.len() != 2 * Self::LENGTH {
            return Err(MalformedKey::Length(text.len()));
        }
        let mut key = Self::zero();
        HEXLOWER_PERMISSIVE
            .decode_mut(text, &mut key.0[..])
            .map_err(|partial| MalformedKey::Character(partial.error.position + 1))?;
        Ok(key)
    }

    /// The key as 64 lower-case hexadecimal characters.
    pub fn to_hex(&self) -> Zeroizing<String> {
        // As large as it will get: a string that grows leaves its old bytes behind.
        let mut text = Zeroizing::new(String::with_capacity(2 * Self::LENGTH));
        HEXLOWER.encode_append(&self.0[..], &mut text);
        text
    }

    /// The key in the open, for what wraps it: not for logs, errors or copies.
    pub fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// To be filled where it lies, so that no second copy of a key exists.
    fn zero() -> Self {
        Self(Box::new(Zeroizing::new([0; Self::LENGTH])))
    }
}

fn without_newline(text: &[u8]) -> &[u8] {
    let Some(line) = text.strip_suffix(b"\n") else { return text };
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// In constant time.
impl PartialEq for KeyBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0[..].ct_eq(&other.0[..]).into()
    }
}

impl Eq for KeyBytes {}

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyBytes(redacted)")
    }
}

/// Why a text is not a key. It says where, never what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedKey {
    /// This many bytes instead of 64.
    Length(usize),
    /// The character at this place, counted from 1, is not hexadecimal.
    Character(usize),
    /// It has another number of bytes.
    Bytes {
        found: usize,
        expected: usize,
    },
    NotHex,
    NotBase64,
    NotLatin1,
    /// It is known to be a key of another cipher.
    OtherCipher {
        own: Cipher,
        wanted: Cipher,
    },
    /// It lies in a keyset, and the layout reads or derives its keys in a way of its own.
    OfKeyset,
    /// It could be guessed, and there are no random bytes to call it by.
    NoLabel,
}

impl fmt::Display for MalformedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(0) => f.write_str("the key is empty"),
            Self::Length(length) => {
                write!(f, "the key is {length} characters long, not 64")
            }
            Self::Character(place) => {
                write!(f, "character {place} of the key is not hexadecimal")
            }
            Self::Bytes { found, expected } => {
                write!(f, "the key has {found} bytes, not {expected}")
            }
            Self::NotHex => f.write_str("the key is not made of pairs of hexadecimal digits"),
            Self::NotBase64 => f.write_str("the key is not base64"),
            Self::NotLatin1 => f.write_str("the key has characters beyond latin1"),
            Self::OtherCipher { own, wanted } => {
                write!(f, "the key is one of {own}, not of {wanted}")
            }
            Self::OfKeyset => f.write_str(
                "a key of a keyset is used as it is, and the layout's `key` says otherwise",
            ),
            Self::NoLabel => f.write_str("the operating system gives no random bytes"),
        }
    }
}

impl std::error::Error for MalformedKey {}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn hex_in_and_out() {
        let key = KeyBytes::from_hex(HEX.as_bytes()).unwrap();
        assert_eq!(key.to_hex().as_str(), HEX);
        assert_eq!(key.as_bytes()[31], 0x1f);
        assert_eq!(KeyBytes::from_hex(HEX.to_uppercase().as_bytes()).unwrap(), key);
    }

    #[test]
    fn one_newline_is_forgiven() {
        let key = KeyBytes::from_hex(HEX.as_bytes()).unwrap();
        for end in ["\n", "\r\n"] {
            assert_eq!(KeyBytes::from_hex(format!("{HEX}{end}").as_bytes()).unwrap(), key);
        }
        for (end, length) in [("\n\n", 65), ("\r", 65), (" ", 65), ("\r\n\r\n", 66)] {
            let refused = KeyBytes::from_hex(format!("{HEX}{end}").as_bytes());
            assert_eq!(refused, Err(MalformedKey::Length(length)), "{end:?}");
        }
    }

    #[test]
    fn says_where_and_not_what() {
        let refused = KeyBytes::from_hex(HEX.replace("1f", "1g").as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), "character 64 of the key is not hexadecimal");
        assert_eq!(KeyBytes::from_hex(b"").unwrap_err().to_string(), "the key is empty");
        let long = KeyBytes::from_hex(&[0xff; 70]).unwrap_err();
        assert_eq!(long.to_string(), "the key is 70 characters long, not 64");
    }

    #[test]
    fn generated_keys_differ_and_debug_is_redacted() {
        let key = KeyBytes::generate().unwrap();
        assert_ne!(key, KeyBytes::generate().unwrap());
        assert_eq!(format!("{key:?}"), "KeyBytes(redacted)");
    }
}
