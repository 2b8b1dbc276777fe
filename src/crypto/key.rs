//! AES-256-GCM (NIST SP 800-38D) with a key that was prepared once.

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::array::{Array, ArraySize};
use aes_gcm::aead::consts::{U12, U13, U14, U15, U16};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, KeyInit, TagSize};

use super::{KeyBytes, KeyId, Nonce, NonceLength, Plaintext};

/// What a stored value is made of, wherever it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// 12 or 16 bytes.
    pub nonce: &'a [u8],
    /// As long as the plaintext.
    pub ciphertext: &'a [u8],
    /// 12 to 16 bytes.
    pub tag: &'a [u8],
}

/// A whole authentication tag. We never write a shorter one.
pub type Tag = [u8; 16];

/// A key ready to use, with the AES key schedule and the GHASH key computed.
pub struct Key {
    id: KeyId,
    ciphers: Box<Ciphers>,
}

struct Ciphers {
    /// For tags that were cut short, see [`Key::open_short`].
    block: Aes256,
    nonce12: AesGcm<Aes256, U12>,
    nonce16: AesGcm<Aes256, U16>,
}

impl Key {
    /// Prepares a key; its bytes are wiped.
    pub fn new(bytes: KeyBytes) -> Self {
        let block = Aes256::new(bytes.as_bytes().into());
        let ciphers = Box::new(Ciphers {
            nonce12: block.clone().into(),
            nonce16: block.clone().into(),
            block,
        });
        Self { id: KeyId::of(&bytes), ciphers }
    }

    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// Opens a value. On failure `plaintext` is empty: nothing unauthenticated is ever let out.
    /// Nonces and tags of other lengths than [`Parts`] allows are not authentic.
    pub fn open(
        &self,
        parts: &Parts<'_>,
        aad: &[u8],
        plaintext: &mut Plaintext,
    ) -> Result<(), NotAuthentic> {
        match (parts.nonce.len(), parts.tag.len()) {
            (12, 16) => open_with(&self.ciphers.nonce12, parts, aad, plaintext),
            (16, 16) => open_with(&self.ciphers.nonce16, parts, aad, plaintext),
            (12, _) => self.open_short::<U12>(parts, aad, plaintext),
            (16, _) => self.open_short::<U16>(parts, aad, plaintext),
            _ => {
                plaintext.clear();
                Err(NotAuthentic)
            }
        }
    }

    /// Seals with a nonce that no other seal under this key may have, and leaves in `ciphertext`
    /// nothing but the ciphertext.
    pub fn seal(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        plaintext: &Plaintext,
        ciphertext: &mut Vec<u8>,
    ) -> Tag {
        ciphertext.resize(plaintext.len(), 0);
        match NonceLength::from_bytes(nonce.as_bytes().len()) {
            Some(NonceLength::Sixteen) => {
                seal_with(&self.ciphers.nonce16, nonce, aad, plaintext, ciphertext)
            }
            _ => seal_with(&self.ciphers.nonce12, nonce, aad, plaintext, ciphertext),
        }
    }

    /// Tags of 12 to 15 bytes are the first bytes of the whole tag (NIST SP 800-38D, section 7.1,
    /// step 6). They are rare: the GHASH key is computed again for each value.
    fn open_short<N: ArraySize>(
        &self,
        parts: &Parts<'_>,
        aad: &[u8],
        plaintext: &mut Plaintext,
    ) -> Result<(), NotAuthentic> {
        let block = &self.ciphers.block;
        match parts.tag.len() {
            12 => open_with(&AesGcm::<_, N, U12>::from(block), parts, aad, plaintext),
            13 => open_with(&AesGcm::<_, N, U13>::from(block), parts, aad, plaintext),
            14 => open_with(&AesGcm::<_, N, U14>::from(block), parts, aad, plaintext),
            15 => open_with(&AesGcm::<_, N, U15>::from(block), parts, aad, plaintext),
            _ => {
                plaintext.clear();
                Err(NotAuthentic)
            }
        }
    }
}

fn open_with<C, N: ArraySize, T: TagSize>(
    cipher: &AesGcm<C, N, T>,
    parts: &Parts<'_>,
    aad: &[u8],
    plaintext: &mut Plaintext,
) -> Result<(), NotAuthentic>
where
    AesGcm<C, N, T>: AeadInOut<NonceSize = N, TagSize = T>,
{
    let room = plaintext.room(parts.ciphertext.len());
    let opened = try_open(cipher, parts, aad, room);
    if opened.is_none() {
        plaintext.clear();
    }
    opened.ok_or(NotAuthentic)
}

/// `None` when a part has another length than the cipher's, or the tag is wrong.
fn try_open<C, N: ArraySize, T: TagSize>(
    cipher: &AesGcm<C, N, T>,
    parts: &Parts<'_>,
    aad: &[u8],
    room: &mut [u8],
) -> Option<()>
where
    AesGcm<C, N, T>: AeadInOut<NonceSize = N, TagSize = T>,
{
    let nonce: &Array<u8, N> = parts.nonce.try_into().ok()?;
    let tag: &Array<u8, T> = parts.tag.try_into().ok()?;
    let buffer = InOutBuf::new(parts.ciphertext, room).ok()?;
    cipher.decrypt_inout_detached(nonce, aad, buffer, tag).ok()
}

fn seal_with<N: ArraySize>(
    cipher: &AesGcm<Aes256, N>,
    nonce: &Nonce,
    aad: &[u8],
    plaintext: &Plaintext,
    ciphertext: &mut [u8],
) -> Tag {
    let nonce = nonce.as_bytes().try_into().expect("the cipher was chosen by the nonce's length");
    let buffer = InOutBuf::new(plaintext.expose(), ciphertext)
        .expect("the ciphertext was made as long as the plaintext");
    let tag = cipher
        .encrypt_inout_detached(nonce, aad, buffer)
        .expect("PostgreSQL stores no value near GCM's bound of 64 GiB");
    tag.into()
}

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
