//! XSalsa20-Poly1305 as NaCl's `crypto_secretbox` has it (Bernstein, Cryptography in NaCl, section 10).

use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use salsa20::XSalsa20;
use salsa20::cipher::{KeyIvInit, StreamCipher};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::key::{NotAuthentic, Parts, Tag};
use super::{Nonce, Plaintext};

/// One key; each value has a key stream of its own.
pub(super) struct SecretBox(Zeroizing<[u8; 32]>);

impl SecretBox {
    /// `None` unless the key has 32 bytes.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        key.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    pub(super) fn open(
        &self,
        parts: &Parts<'_>,
        plaintext: &mut Plaintext,
    ) -> Result<(), NotAuthentic> {
        let (mut stream, authenticator) = self.start(parts.nonce).ok_or(NotAuthentic)?;
        let tag = authenticator.compute_unpadded(parts.ciphertext);
        if !bool::from(tag.as_slice().ct_eq(parts.tag)) {
            return Err(NotAuthentic);
        }
        let room = plaintext.room(parts.ciphertext.len());
        stream.apply_keystream_b2b(parts.ciphertext, room);
        Ok(())
    }

    /// `ciphertext` is as long as the plaintext.
    pub(super) fn seal(&self, nonce: &Nonce, plaintext: &Plaintext, ciphertext: &mut [u8]) -> Tag {
        let (mut stream, authenticator) =
            self.start(nonce.as_bytes()).expect("layouts have nonces of their cipher's length");
        stream.apply_keystream_b2b(plaintext.expose(), ciphertext);
        Tag::from(authenticator.compute_unpadded(ciphertext).as_slice())
    }

    /// The first 32 bytes of the key stream are the authenticator's key, the message takes the rest.
    fn start(&self, nonce: &[u8]) -> Option<(XSalsa20, Poly1305)> {
        let mut stream = XSalsa20::new((&*self.0).into(), nonce.try_into().ok()?);
        let mut first = Zeroizing::new([0; 32]);
        stream.apply_keystream(&mut first[..]);
        Some((stream, Poly1305::new((&*first).into())))
    }
}
