//! Tells nonces that were made from the plaintext from random ones.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256 under the key of the cipher itself, as Rails makes the nonces of values that are to be found by
/// their ciphertext.
pub struct DeterministicNonce(Hmac<Sha256>);

impl DeterministicNonce {
    /// `None` for a key that HMAC does not take: there is none.
    pub fn new(key: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(key).ok().map(Self)
    }

    /// Whether this nonce is the one that comes of this plaintext.
    pub fn is(&self, nonce: &[u8], plaintext: &[u8]) -> bool {
        let mut mac = self.0.clone();
        mac.update(plaintext);
        mac.verify_truncated_left(nonce).is_ok()
    }
}

impl fmt::Debug for DeterministicNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeterministicNonce(redacted)")
    }
}
