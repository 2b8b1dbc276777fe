//! Secret bytes of any length: the text of a key source, and what is derived from it.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Wiped when dropped, compared in constant time, not printable.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Zeros to be filled where they lie, so that no second copy exists.
    pub(super) fn zero(length: usize) -> Self {
        Self::new(vec![0; length])
    }

    /// The secret in the open: not for logs, errors or copies.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// In time that depends on the lengths alone.
impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

/// … against bytes that are no secret.
impl PartialEq<[u8]> for SecretBytes {
    fn eq(&self, other: &[u8]) -> bool {
        self.0.ct_eq(other).into()
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(redacted)")
    }
}
