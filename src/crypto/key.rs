//! A key of any cipher, prepared once: open and seal.

use std::fmt;
use std::ops::Deref;

use aes_gcm::KeyInit;
use aes_gcm::aes::{Aes128, Aes256};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};

use super::aead::{open_with, seal_with};
use super::cbc::{Cbc, CbcHmac, Covered, Ctr, Padding};
use super::gcm::Gcm;
use super::secretbox::SecretBox;
use super::{Cipher, KeyBytes, KeyId, Nonce, Plaintext};

/// What a stored value is made of, wherever it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Of a length that the cipher [takes](Cipher::takes_nonce_of).
    pub nonce: &'a [u8],
    pub ciphertext: &'a [u8],
    /// Of a length that the cipher [reads](Cipher::reads_tag_of).
    pub tag: &'a [u8],
}

/// A whole authentication tag: 16 bytes, 32 of an HMAC, none where nothing authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    bytes: [u8; 32],
    length: usize,
}

impl Tag {
    const NONE: Self = Self { bytes: [0; 32], length: 0 };
}

impl From<&[u8]> for Tag {
    /// The first 32 bytes of what may be longer.
    fn from(tag: &[u8]) -> Self {
        let mut bytes = [0; 32];
        let length = tag.len().min(bytes.len());
        bytes[..length].copy_from_slice(&tag[..length]);
        Self { bytes, length }
    }
}

impl Deref for Tag {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A key ready to use, with whatever its cipher computes of it but once.
pub struct Key {
    id: KeyId,
    prepared: Box<Prepared>,
}

#[expect(clippy::large_enum_variant, reason = "every key is boxed, and nearly all are the largest")]
enum Prepared {
    Aes256Gcm(Gcm<Aes256>),
    Aes128Gcm(Gcm<Aes128>),
    ChaCha20Poly1305(ChaCha20Poly1305),
    XChaCha20Poly1305(XChaCha20Poly1305),
    XSalsa20Poly1305(SecretBox),
    CbcHmac(CbcHmac),
    Cbc(Cbc),
    Ctr(Ctr),
}

impl Key {
    /// Prepares a key of AES-256-GCM; its bytes are wiped.
    pub fn new(bytes: KeyBytes) -> Self {
        let prepared = prepare(Cipher::Aes256Gcm, bytes.as_bytes());
        let prepared = prepared.expect("32 bytes are a key of AES-256");
        Self { id: KeyId::of(bytes.as_bytes()), prepared: Box::new(prepared) }
    }

    /// Prepares a key of any cipher, to be called `id`.
    ///
    /// # Errors
    /// The cipher's keys are of another length.
    pub fn of(cipher: Cipher, bytes: &[u8], id: KeyId) -> Result<Self, WrongKeyLength> {
        let wrong = WrongKeyLength { cipher, bytes: bytes.len() };
        Ok(Self { id, prepared: Box::new(prepare(cipher, bytes).ok_or(wrong)?) })
    }

    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// Opens a value. On failure `plaintext` is empty: nothing unauthenticated is ever let out, but by
    /// the ciphers that authenticate nothing. Nonces and tags of other lengths than [`Parts`] allows
    /// are not authentic.
    pub fn open(
        &self,
        parts: &Parts<'_>,
        aad: &[u8],
        plaintext: &mut Plaintext,
    ) -> Result<(), NotAuthentic> {
        let opened = match &*self.prepared {
            Prepared::Aes256Gcm(cipher) => cipher.open(parts, aad, plaintext),
            Prepared::Aes128Gcm(cipher) => cipher.open(parts, aad, plaintext),
            Prepared::ChaCha20Poly1305(cipher) => open_with(cipher, parts, aad, plaintext),
            Prepared::XChaCha20Poly1305(cipher) => open_with(cipher, parts, aad, plaintext),
            Prepared::XSalsa20Poly1305(cipher) => cipher.open(parts, plaintext),
            Prepared::CbcHmac(cipher) => cipher.open(parts, aad, plaintext),
            Prepared::Cbc(cipher) => cipher.open(parts.nonce, parts.ciphertext, plaintext),
            Prepared::Ctr(cipher) => {
                let room = plaintext.room(parts.ciphertext.len());
                cipher.apply(parts.nonce, parts.ciphertext, room).ok_or(NotAuthentic)
            }
        };
        if opened.is_err() {
            plaintext.clear();
        }
        opened
    }

    /// Seals with a nonce that no other seal under this key may have, and leaves in `ciphertext`
    /// nothing but the ciphertext. The nonce must be of a length that the cipher takes.
    pub fn seal(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        plaintext: &Plaintext,
        ciphertext: &mut Vec<u8>,
    ) -> Tag {
        ciphertext.resize(plaintext.len(), 0);
        match &*self.prepared {
            Prepared::Aes256Gcm(cipher) => cipher.seal(nonce, aad, plaintext, ciphertext),
            Prepared::Aes128Gcm(cipher) => cipher.seal(nonce, aad, plaintext, ciphertext),
            Prepared::ChaCha20Poly1305(cipher) => {
                seal_with(cipher, nonce, aad, plaintext, ciphertext)
            }
            Prepared::XChaCha20Poly1305(cipher) => {
                seal_with(cipher, nonce, aad, plaintext, ciphertext)
            }
            Prepared::XSalsa20Poly1305(cipher) => cipher.seal(nonce, plaintext, ciphertext),
            Prepared::CbcHmac(cipher) => cipher.seal(nonce, aad, plaintext, ciphertext),
            Prepared::Cbc(cipher) => {
                cipher.seal(nonce, plaintext, ciphertext);
                Tag::NONE
            }
            Prepared::Ctr(cipher) => {
                let done = cipher.apply(nonce.as_bytes(), plaintext.expose(), ciphertext);
                done.expect("layouts have nonces of their cipher's length");
                Tag::NONE
            }
        }
    }
}

/// `None` when the cipher's keys are of another length.
fn prepare(cipher: Cipher, key: &[u8]) -> Option<Prepared> {
    // A MAC's own key stands before the cipher's.
    let (mac_key, key) = match cipher {
        Cipher::LaravelCbc => (key, key),
        _ if cipher.has_mac_key() => {
            key.split_at_checked(key.len().checked_sub(cipher.key_bytes())?)?
        }
        _ => (&[][..], key),
    };
    if key.len() != cipher.key_bytes() || cipher.has_mac_key() && mac_key.is_empty() {
        return None;
    }
    Some(match cipher {
        Cipher::Aes128Gcm => Prepared::Aes128Gcm(Gcm::new(key)?),
        Cipher::Aes256Gcm => Prepared::Aes256Gcm(Gcm::new(key)?),
        Cipher::ChaCha20Poly1305 => {
            Prepared::ChaCha20Poly1305(ChaCha20Poly1305::new_from_slice(key).ok()?)
        }
        Cipher::XChaCha20Poly1305 => {
            Prepared::XChaCha20Poly1305(XChaCha20Poly1305::new_from_slice(key).ok()?)
        }
        Cipher::XSalsa20Poly1305 => Prepared::XSalsa20Poly1305(SecretBox::new(key)?),
        Cipher::Aes128CbcHmac | Cipher::Aes256CbcHmac => {
            Prepared::CbcHmac(CbcHmac::new(mac_key, key, Covered::Bytes)?)
        }
        Cipher::LaravelCbc => Prepared::CbcHmac(CbcHmac::new(mac_key, key, Covered::Base64)?),
        Cipher::Aes128Cbc | Cipher::Aes256Cbc => Prepared::Cbc(Cbc::new(key, Padding::Pkcs7)?),
        Cipher::Aes256CbcAsterisks => Prepared::Cbc(Cbc::new(key, Padding::Asterisks)?),
        Cipher::Aes256Ctr => Prepared::Ctr(Ctr::new(key)?),
    })
}

/// The key has another length than the cipher's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongKeyLength {
    pub cipher: Cipher,
    /// Bytes of the key.
    pub bytes: usize,
}

impl fmt::Display for WrongKeyLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cipher, bytes } = self;
        let more = if cipher.has_mac_key() { ", and before them those of its MAC" } else { "" };
        write!(f, "a key of {cipher} has {} bytes{more}, not {bytes}", cipher.key_bytes())
    }
}

impl std::error::Error for WrongKeyLength {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// The key does not open the value: another key, another AAD, or the value was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAuthentic;

impl fmt::Display for NotAuthentic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key does not open the value")
    }
}

impl std::error::Error for NotAuthentic {}

#[cfg(test)]
mod tests;
