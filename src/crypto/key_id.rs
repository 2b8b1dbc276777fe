//! The public name of a key: it tells keys apart and says nothing about them.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use sha2::Sha256;

use super::KeyBytes;

/// What is fingerprinted: it keeps the id apart from every other use of HMAC with the same key.
const PURPOSE: &[u8] = b"reseal/key-id/v1";

/// The first 8 bytes of HMAC-SHA256(key, "reseal/key-id/v1") (RFC 2104), written as 16 lower-case
/// hexadecimal digits. A random 256-bit key cannot be guessed from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    pub(super) fn of(key: &KeyBytes) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
            .expect("HMAC takes a key of any length (RFC 2104, section 2)");
        mac.update(PURPOSE);
        let digest = mac.finalize().into_bytes();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self(id)
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

    /// Computed apart: `printf reseal/key-id/v1 | openssl mac -digest SHA256 -macopt hexkey:… HMAC`.
    #[test]
    fn known_id() {
        let hex = b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let id = KeyId::of(&KeyBytes::from_hex(hex).unwrap());
        assert_eq!(id.to_string(), "d53e5fa4a4d8d71a");
        assert_eq!(format!("{id:?}"), "KeyId(d53e5fa4a4d8d71a)");
    }

    #[test]
    fn json_is_the_text() {
        let id = KeyId::of(&KeyBytes::generate().unwrap());
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }
}
