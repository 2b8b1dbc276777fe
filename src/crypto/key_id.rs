//! The public name of a key: it tells keys apart and says nothing about them.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use sha2::Sha256;

use super::NoRandomness;

/// What is fingerprinted: it keeps the id apart from every other use of HMAC with the same key.
const PURPOSE: &[u8] = b"reseal/key-id/v1";

/// The first 8 bytes of HMAC-SHA256(key, "reseal/key-id/v1") (RFC 2104), written as 16 lower-case
/// hexadecimal digits. A random 256-bit key cannot be guessed from it; a passphrase could be, and has a
/// random label instead.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// Of keys that nobody names: the data key of a value.
    pub const NONE: Self = Self([0; 8]);

    /// The fingerprint of a random key.
    pub fn of(key: &[u8]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key)
            .expect("HMAC takes a key of any length (RFC 2104, section 2)");
        mac.update(PURPOSE);
        let digest = mac.finalize().into_bytes();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self(id)
    }

    /// A label that says nothing, for a secret that could be guessed.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut id = [0; 8];
        getrandom::fill(&mut id)?;
        Ok(Self(id))
    }

    /// As it is displayed.
    pub fn parse(text: &str) -> Option<Self> {
        let id = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        id.try_into().ok().map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::KeyBytes;

    /// Computed apart: `printf reseal/key-id/v1 | openssl mac -digest SHA256 -macopt hexkey:… HMAC`.
    #[test]
    fn known_id() {
        let hex = b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let id = KeyId::of(KeyBytes::from_hex(hex).unwrap().as_bytes());
        assert_eq!(id.to_string(), "d53e5fa4a4d8d71a");
        assert_eq!(format!("{id:?}"), "KeyId(d53e5fa4a4d8d71a)");
    }

    #[test]
    fn json_is_the_text() {
        let id = KeyId::random().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
        assert_eq!(KeyId::parse(&id.to_string()), Some(id));
        assert_eq!(KeyId::parse("no id"), None);
    }
}
