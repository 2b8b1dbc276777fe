//! Fresh random nonces, each byte of the generator used once.

use std::fmt;

use zeroize::Zeroize;

/// The lengths of nonces that layouts know.
///
/// AES-GCM uses twelve bytes as they are; sixteen it hashes first by GHASH (NIST SP 800-38D, section
/// 7.1, step 2). AES-CBC takes a block, XChaCha20 and XSalsa20 take twenty-four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceLength {
    Twelve,
    Sixteen,
    TwentyFour,
}

impl NonceLength {
    /// In bytes: 12, 16 or 24.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Twelve => 12,
            Self::Sixteen => 16,
            Self::TwentyFour => 24,
        }
    }

    /// `None` for any other number of bytes than 12, 16 or 24.
    pub const fn from_bytes(bytes: usize) -> Option<Self> {
        match bytes {
            12 => Some(Self::Twelve),
            16 => Some(Self::Sixteen),
            24 => Some(Self::TwentyFour),
            _ => None,
        }
    }
}

const NONCE_BYTES_MAX: usize = 24;

/// One nonce, for one seal: it cannot be cloned.
pub struct Nonce {
    bytes: [u8; NONCE_BYTES_MAX],
    length: NonceLength,
}

impl Nonce {
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length.bytes()]
    }

    pub fn length(&self) -> NonceLength {
        self.length
    }

    /// A nonce somebody else chose, for known-answer tests only: the program takes its nonces from
    /// a [`NonceSource`]. `None` unless there are 12, 16 or 24 bytes.
    #[doc(hidden)]
    pub fn known(known: &[u8]) -> Option<Self> {
        let length = NonceLength::from_bytes(known.len())?;
        let mut bytes = [0; NONCE_BYTES_MAX];
        bytes[..known.len()].copy_from_slice(known);
        Some(Self { bytes, length })
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({} bytes)", self.length.bytes())
    }
}

/// Bytes drawn from the operating system at once, to spare a system call for every value.
const BATCH_BYTES: usize = 4096;

/// Random nonces from the operating system's generator, drawn in batches.
///
/// Every byte of a batch goes into at most one nonce and is wiped as it is taken. It cannot be
/// cloned; each worker has its own, and no two ever see the same batch.
pub struct NonceSource {
    batch: Box<[u8; BATCH_BYTES]>,
    /// Where the bytes begin that are not used yet.
    unused: usize,
}

impl NonceSource {
    /// Bytes of the longest salt.
    pub const SALT_BYTES_MAX: usize = 64;

    /// Draws nothing yet.
    pub fn new() -> Self {
        Self { batch: Box::new([0; BATCH_BYTES]), unused: BATCH_BYTES }
    }

    /// The next nonce, of bytes that no other nonce was made of.
    pub fn next(&mut self, length: NonceLength) -> Result<Nonce, NoRandomness> {
        let mut bytes = [0; NONCE_BYTES_MAX];
        self.take(&mut bytes[..length.bytes()])?;
        Ok(Nonce { bytes, length })
    }

    /// Fills a salt, of at most [`NonceSource::SALT_BYTES_MAX`] bytes, that no other one was made of.
    pub fn fill_salt(&mut self, salt: &mut [u8]) -> Result<(), NoRandomness> {
        self.take(salt)
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        if BATCH_BYTES - self.unused < bytes.len() {
            // Should the generator fail half-way, nothing of the batch is left to be taken.
            self.unused = BATCH_BYTES;
            getrandom::fill(&mut self.batch[..])?;
            self.unused = 0;
        }
        let taken = &mut self.batch[self.unused..self.unused + bytes.len()];
        bytes.copy_from_slice(taken);
        taken.zeroize();
        self.unused += bytes.len();
        Ok(())
    }
}

impl Default for NonceSource {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for NonceSource {
    fn drop(&mut self) {
        self.batch[..].zeroize();
    }
}

impl fmt::Debug for NonceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceSource(redacted)")
    }
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness(getrandom::Error);

impl From<getrandom::Error> for NoRandomness {
    fn from(error: getrandom::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the operating system gives no random bytes: {}", self.0)
    }
}

impl std::error::Error for NoRandomness {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_byte_is_used_twice_across_batches() {
        let mut source = NonceSource::new();
        let mut seen = HashSet::new();
        for turn in 0..3 * BATCH_BYTES / 12 {
            let length = if turn % 3 == 0 { NonceLength::Sixteen } else { NonceLength::Twelve };
            let nonce = source.next(length).unwrap();
            assert_eq!(nonce.as_bytes().len(), length.bytes());
            assert!(seen.insert(nonce.as_bytes()[..12].to_vec()), "the same nonce again");
        }
    }

    #[test]
    fn taken_bytes_are_wiped_and_others_are_left() {
        let mut source = NonceSource::new();
        let first = source.next(NonceLength::Twelve).unwrap();
        assert_ne!(first.as_bytes(), [0; 12]);
        assert_eq!(source.batch[..12], [0; 12]);
        let next: Vec<u8> = source.batch[12..28].to_vec();
        assert_eq!(source.next(NonceLength::Sixteen).unwrap().as_bytes(), next);
    }

    #[test]
    fn two_sources_differ() {
        let [mut one, mut other] = [NonceSource::new(), NonceSource::new()];
        let (one, other) = (one.next(NonceLength::Twelve), other.next(NonceLength::Twelve));
        assert_ne!(one.unwrap().as_bytes(), other.unwrap().as_bytes());
    }

    #[test]
    fn only_three_lengths() {
        for bytes in 0..40 {
            let length = NonceLength::from_bytes(bytes);
            assert_eq!(
                length.map(NonceLength::bytes),
                [12, 16, 24].contains(&bytes).then_some(bytes)
            );
        }
        assert!(Nonce::known(&[1; 13]).is_none());
    }
}
