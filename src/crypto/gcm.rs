//! AES in Galois/counter mode (NIST SP 800-38D), with a key that was prepared once.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::array::ArraySize;
use aes_gcm::aead::consts::{U12, U13, U14, U15, U16};
use aes_gcm::aes::cipher::{BlockCipherEncrypt, BlockSizeUser};
use aes_gcm::{AesGcm, KeyInit, KeySizeUser};

use super::aead::{open_with, seal_with};
use super::key::{NotAuthentic, Parts, Tag};
use super::{Nonce, NonceLength, Plaintext};

/// One key, for both lengths of nonce.
pub(super) struct Gcm<B> {
    /// For tags that were cut short, see [`Gcm::open_short`].
    block: B,
    nonce12: AesGcm<B, U12>,
    nonce16: AesGcm<B, U16>,
}

impl<B> Gcm<B>
where
    B: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeySizeUser + KeyInit + Clone,
{
    /// `None` when the key has another length than the block cipher's.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        let block = B::new_from_slice(key).ok()?;
        Some(Self { nonce12: block.clone().into(), nonce16: block.clone().into(), block })
    }

    pub(super) fn open(
        &self,
        parts: &Parts<'_>,
        aad: &[u8],
        plaintext: &mut Plaintext,
    ) -> Result<(), NotAuthentic> {
        match (parts.nonce.len(), parts.tag.len()) {
            (12, 16) => open_with(&self.nonce12, parts, aad, plaintext),
            (16, 16) => open_with(&self.nonce16, parts, aad, plaintext),
            (12, _) => self.open_short::<U12>(parts, aad, plaintext),
            (16, _) => self.open_short::<U16>(parts, aad, plaintext),
            _ => Err(NotAuthentic),
        }
    }

    pub(super) fn seal(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        plaintext: &Plaintext,
        ciphertext: &mut [u8],
    ) -> Tag {
        match nonce.length() {
            NonceLength::Sixteen => seal_with(&self.nonce16, nonce, aad, plaintext, ciphertext),
            _ => seal_with(&self.nonce12, nonce, aad, plaintext, ciphertext),
        }
    }

    /// Tags of 12 to 15 bytes are the first bytes of the whole tag (NIST SP 800-38D, section 7.1,
    /// step 6). They are rare: the GHASH key is computed again for each value.
    fn open_short<N: ArraySize>(
        &self,
        parts: &Parts<'_>,
        aad: &[u8],
        plaintext: &mut Plaintext,
    ) -> Result<(), NotAuthentic>
    where
        AesGcm<B, N, U12>: AeadInOut<NonceSize = N, TagSize = U12>,
        AesGcm<B, N, U13>: AeadInOut<NonceSize = N, TagSize = U13>,
        AesGcm<B, N, U14>: AeadInOut<NonceSize = N, TagSize = U14>,
        AesGcm<B, N, U15>: AeadInOut<NonceSize = N, TagSize = U15>,
    {
        let block = || self.block.clone();
        match parts.tag.len() {
            12 => open_with(&AesGcm::<_, N, U12>::from(block()), parts, aad, plaintext),
            13 => open_with(&AesGcm::<_, N, U13>::from(block()), parts, aad, plaintext),
            14 => open_with(&AesGcm::<_, N, U14>::from(block()), parts, aad, plaintext),
            15 => open_with(&AesGcm::<_, N, U15>::from(block()), parts, aad, plaintext),
            _ => Err(NotAuthentic),
        }
    }
}
