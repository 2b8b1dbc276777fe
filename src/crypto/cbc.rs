//! AES-CBC with and without a MAC, and AES-CTR (NIST SP 800-38A).
//!
//! Without a MAC a wrong key goes unnoticed about once in 230 times: such values are only read, under
//! one key, and what they must look like is said elsewhere.

use aes_gcm::aes::{Aes128, Aes256};
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, StreamCipher};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::key::{NotAuthentic, Parts, Tag};
use super::{Nonce, Plaintext};

const BLOCK_BYTES: usize = 16;

/// AES of either key length, chosen once.
enum Aes {
    Short(Aes128),
    Long(Aes256),
}

impl Aes {
    fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(Self::Short),
            _ => Aes256::new_from_slice(key).ok().map(Self::Long),
        }
    }
}

/// How the last block is filled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    Pkcs7,
    Asterisks,
}

/// AES-CBC that nothing authenticates.
pub(super) struct Cbc {
    aes: Aes,
    padding: Padding,
}

impl Cbc {
    /// `None` unless the key has 16 or 32 bytes.
    pub(super) fn new(key: &[u8], padding: Padding) -> Option<Self> {
        Some(Self { aes: Aes::new(key)?, padding })
    }

    /// Takes the padding off, where it is what padding must be.
    pub(super) fn open(
        &self,
        nonce: &[u8],
        ciphertext: &[u8],
        plaintext: &mut Plaintext,
    ) -> Result<(), NotAuthentic> {
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(BLOCK_BYTES) {
            return Err(NotAuthentic);
        }
        let iv = nonce.try_into().map_err(|_| NotAuthentic)?;
        let room = plaintext.room(ciphertext.len());
        let done = match &self.aes {
            Aes::Short(aes) => cbc::Decryptor::inner_iv_init(aes.clone(), iv)
                .decrypt_padded_b2b::<NoPadding>(ciphertext, room)
                .is_ok(),
            Aes::Long(aes) => cbc::Decryptor::inner_iv_init(aes.clone(), iv)
                .decrypt_padded_b2b::<NoPadding>(ciphertext, room)
                .is_ok(),
        };
        let length = unpadded(room, self.padding).filter(|_| done).ok_or(NotAuthentic)?;
        plaintext.truncate(length);
        Ok(())
    }

    pub(super) fn seal(&self, nonce: &Nonce, plaintext: &Plaintext, ciphertext: &mut Vec<u8>) {
        let iv = nonce.as_bytes().try_into().expect("layouts have nonces of their cipher's length");
        let plain = plaintext.expose();
        let whole = match self.padding {
            Padding::Pkcs7 => plain.len() / BLOCK_BYTES + 1,
            Padding::Asterisks => plain.len().div_ceil(BLOCK_BYTES),
        };
        ciphertext.clear();
        ciphertext.resize(whole * BLOCK_BYTES, b'*');
        ciphertext[..plain.len()].copy_from_slice(plain);
        let (length, room) = (plain.len(), &mut ciphertext[..]);
        let filled = if self.padding == Padding::Pkcs7 { length } else { room.len() };
        let sealed =
            match (&self.aes, self.padding) {
                (Aes::Short(aes), Padding::Pkcs7) => cbc::Encryptor::inner_iv_init(aes.clone(), iv)
                    .encrypt_padded::<Pkcs7>(room, filled),
                (Aes::Short(aes), Padding::Asterisks) => {
                    let cipher = cbc::Encryptor::inner_iv_init(aes.clone(), iv);
                    cipher.encrypt_padded::<NoPadding>(room, filled)
                }
                (Aes::Long(aes), Padding::Pkcs7) => cbc::Encryptor::inner_iv_init(aes.clone(), iv)
                    .encrypt_padded::<Pkcs7>(room, filled),
                (Aes::Long(aes), Padding::Asterisks) => {
                    let cipher = cbc::Encryptor::inner_iv_init(aes.clone(), iv);
                    cipher.encrypt_padded::<NoPadding>(room, filled)
                }
            };
        sealed.map(drop).expect("the room is whole blocks, as many as the padding needs");
    }
}

/// The length without padding; `None` when it is not padding.
fn unpadded(padded: &[u8], padding: Padding) -> Option<usize> {
    if padding == Padding::Asterisks {
        let stars = padded.iter().rev().take_while(|byte| **byte == b'*').count();
        return Some(padded.len() - stars);
    }
    let last = usize::from(*padded.last()?);
    let length = padded.len().checked_sub(last).filter(|_| (1..=BLOCK_BYTES).contains(&last))?;
    padded[length..].iter().all(|byte| usize::from(*byte) == last).then_some(length)
}

/// What the MAC is computed over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Covered {
    /// What the value is bound to, the nonce and the ciphertext, as bytes.
    Bytes,
    /// The base64 of the nonce and of the ciphertext.
    Base64,
}

/// AES-CBC, then HMAC-SHA256 (RFC 2104).
pub(super) struct CbcHmac {
    cbc: Cbc,
    mac: Hmac<Sha256>,
    covered: Covered,
}

impl CbcHmac {
    /// `None` unless the cipher's key has 16 or 32 bytes.
    pub(super) fn new(mac_key: &[u8], key: &[u8], covered: Covered) -> Option<Self> {
        let mac = Hmac::new_from_slice(mac_key).ok()?;
        Some(Self { cbc: Cbc::new(key, Padding::Pkcs7)?, mac, covered })
    }

    pub(super) fn open(
        &self,
        parts: &Parts<'_>,
        bound: &[u8],
        plaintext: &mut Plaintext,
    ) -> Result<(), NotAuthentic> {
        let mac = self.mac(bound, parts.nonce, parts.ciphertext);
        mac.verify_slice(parts.tag).map_err(|_| NotAuthentic)?;
        self.cbc.open(parts.nonce, parts.ciphertext, plaintext)
    }

    pub(super) fn seal(
        &self,
        nonce: &Nonce,
        bound: &[u8],
        plaintext: &Plaintext,
        ciphertext: &mut Vec<u8>,
    ) -> Tag {
        self.cbc.seal(nonce, plaintext, ciphertext);
        let mac = self.mac(bound, nonce.as_bytes(), ciphertext);
        Tag::from(&mac.finalize().into_bytes()[..])
    }

    fn mac(&self, bound: &[u8], nonce: &[u8], ciphertext: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        match self.covered {
            Covered::Bytes => [bound, nonce, ciphertext].into_iter().for_each(|b| mac.update(b)),
            Covered::Base64 => [nonce, ciphertext].into_iter().for_each(|bytes| {
                mac.update(data_encoding::BASE64.encode(bytes).as_bytes());
            }),
        }
        mac
    }
}

/// AES-256-CTR that nothing authenticates; the nonce is the first counter block.
pub(super) struct Ctr(Aes256);

impl Ctr {
    /// `None` unless the key has 32 bytes.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        Aes256::new_from_slice(key).ok().map(Self)
    }

    /// The same in both directions; `to` is as long as `from`.
    pub(super) fn apply(&self, nonce: &[u8], from: &[u8], to: &mut [u8]) -> Option<()> {
        let iv = nonce.try_into().ok()?;
        let core = ctr::CtrCore::inner_iv_init(self.0.clone(), iv);
        let mut stream: ctr::Ctr128BE<Aes256> =
            ctr::cipher::StreamCipherCoreWrapper::from_core(core);
        stream.apply_keystream_b2b(from, to);
        Some(())
    }
}
