//! What the ciphers of the `aead` traits have in common: detached tags, and buffers that differ.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::inout::InOutBuf;

use super::key::{NotAuthentic, Parts, Tag};
use super::{Nonce, Plaintext};

/// Opens into `plaintext`, whose content is of no meaning unless this succeeds.
pub(super) fn open_with<C: AeadInOut>(
    cipher: &C,
    parts: &Parts<'_>,
    aad: &[u8],
    plaintext: &mut Plaintext,
) -> Result<(), NotAuthentic> {
    let nonce: &Array<u8, C::NonceSize> = parts.nonce.try_into().map_err(|_| NotAuthentic)?;
    let tag: &Array<u8, C::TagSize> = parts.tag.try_into().map_err(|_| NotAuthentic)?;
    let room = plaintext.room(parts.ciphertext.len());
    let buffer = InOutBuf::new(parts.ciphertext, room).map_err(|_| NotAuthentic)?;
    cipher.decrypt_inout_detached(nonce, aad, buffer, tag).map_err(|_| NotAuthentic)
}

/// Seals; the nonce must be of the cipher's length and `ciphertext` as long as the plaintext.
pub(super) fn seal_with<C: AeadInOut>(
    cipher: &C,
    nonce: &Nonce,
    aad: &[u8],
    plaintext: &Plaintext,
    ciphertext: &mut [u8],
) -> Tag {
    let nonce = nonce.as_bytes().try_into().expect("layouts have nonces of their cipher's length");
    let buffer = InOutBuf::new(plaintext.expose(), ciphertext)
        .expect("the ciphertext was made as long as the plaintext");
    let tag = cipher
        .encrypt_inout_detached(nonce, aad, buffer)
        .expect("PostgreSQL stores no value near the bounds of these ciphers (64 GiB and more)");
    Tag::from(&tag[..])
}
