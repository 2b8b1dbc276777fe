//! The one buffer that holds plaintext.

use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// More is not taken out of a compression: a few kilobytes may say that they are gigabytes.
const INFLATED_BYTES_MAX: usize = 64 << 20;

/// A buffer for one plaintext after another.
///
/// Whatever lies beyond the plaintext in use is zero: it is wiped when cleared, before the buffer
/// is exchanged for a larger one, and when dropped.
pub struct Plaintext {
    buffer: Box<[u8]>,
    used: usize,
}

impl Plaintext {
    /// Empty; it grows to the largest plaintext it is given.
    pub fn new() -> Self {
        Self { buffer: Box::default(), used: 0 }
    }

    /// Takes a copy of `bytes`.
    pub fn set(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
    }

    /// Wipes the plaintext and keeps the room.
    pub fn clear(&mut self) {
        self.buffer[..self.used].zeroize();
        self.used = 0;
    }

    /// The plaintext in the open: not for logs, errors or copies.
    pub fn expose(&self) -> &[u8] {
        &self.buffer[..self.used]
    }

    /// Takes the text out of its zlib compression (RFC 1950).
    ///
    /// # Errors
    /// It is no such compression, or of more than 64 MiB.
    pub fn inflate(&mut self) -> Result<(), NotInflated> {
        let mut room = (self.used * 4).clamp(1024, INFLATED_BYTES_MAX);
        loop {
            // A larger buffer begins anew, so that no smaller one is left unwiped.
            let mut inflated = Self { buffer: vec![0; room].into_boxed_slice(), used: room };
            let mut stream = Decompress::new(true);
            match stream.decompress(self.expose(), &mut inflated.buffer, FlushDecompress::Finish) {
                Ok(Status::StreamEnd) => {
                    inflated.truncate(usize::try_from(stream.total_out()).unwrap_or(room));
                    *self = inflated;
                    return Ok(());
                }
                Ok(_) if stream.total_out() < room as u64 => {
                    return Err(NotInflated::NotCompressed);
                }
                Ok(_) if room == INFLATED_BYTES_MAX => return Err(NotInflated::TooLarge),
                Ok(_) => room = (2 * room).min(INFLATED_BYTES_MAX),
                Err(_) => return Err(NotInflated::NotCompressed),
            }
        }
    }

    /// Bytes of the plaintext.
    pub fn len(&self) -> usize {
        self.used
    }

    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Wipes what lies beyond the first `length` bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        if length < self.used {
            self.buffer[length..self.used].zeroize();
            self.used = length;
        }
    }

    /// Wipes what was there and makes room for `length` bytes, all zero.
    pub(super) fn room(&mut self, length: usize) -> &mut [u8] {
        self.clear();
        if self.buffer.len() < length {
            // The old buffer was wiped just now.
            self.buffer = vec![0; length.next_power_of_two()].into_boxed_slice();
        }
        self.used = length;
        &mut self.buffer[..length]
    }
}

impl Default for Plaintext {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        self.clear();
    }
}

/// In time that depends on the lengths alone.
impl PartialEq for Plaintext {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.expose(), other.expose());
        if ours.len() != theirs.len() {
            return false;
        }
        // Eight bytes at once, without a branch, and one comparison of the collected difference:
        // comparing byte by byte would cost as much as the encryption.
        let (our_words, our_rest) = ours.as_chunks::<8>();
        let (their_words, their_rest) = theirs.as_chunks::<8>();
        let words = our_words.iter().zip(their_words).fold(0, |difference, (our, their)| {
            difference | (u64::from_ne_bytes(*our) ^ u64::from_ne_bytes(*their))
        });
        let rest = our_rest.iter().zip(their_rest);
        let rest = rest.fold(0, |difference, (our, their)| difference | (our ^ their));
        (words | u64::from(rest)).ct_eq(&0).into()
    }
}

impl Eq for Plaintext {}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(redacted)")
    }
}

/// Why a text was not taken out of its compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotInflated {
    NotCompressed,
    TooLarge,
}

impl fmt::Display for NotInflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotCompressed => "the plaintext is not compressed as it should be",
            Self::TooLarge => "the plaintext is larger than 64 MiB when its compression is undone",
        })
    }
}

impl std::error::Error for NotInflated {}

#[cfg(test)]
mod tests {
    use super::*;

    fn plaintext(bytes: &[u8]) -> Plaintext {
        let mut plaintext = Plaintext::new();
        plaintext.set(bytes);
        plaintext
    }

    #[test]
    fn what_lies_beyond_is_always_zero() {
        let mut buffer = plaintext(&[7; 100]);
        assert_eq!((buffer.expose(), buffer.len()), (&[7; 100][..], 100));
        buffer.set(&[9; 10]);
        assert_eq!(buffer.expose(), [9; 10]);
        assert!(buffer.buffer[10..].iter().all(|byte| *byte == 0));
        buffer.clear();
        assert!(buffer.is_empty());
        assert!(buffer.buffer.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn keeps_its_room() {
        let mut buffer = plaintext(&[1; 1000]);
        let before = buffer.buffer.as_ptr();
        buffer.set(&[2; 1024]);
        assert_eq!(buffer.buffer.as_ptr(), before);
        buffer.set(&[3; 1025]);
        assert_eq!(buffer.expose(), [3; 1025]);
    }

    #[test]
    fn equal_when_every_byte_is() {
        for length in 0..40 {
            let bytes: Vec<u8> = (0..length).collect();
            let whole = plaintext(&bytes);
            assert_eq!(whole, plaintext(&bytes));
            for place in 0..bytes.len() {
                let mut other = bytes.clone();
                other[place] ^= 0x80;
                assert_ne!(whole, plaintext(&other), "byte {place} of {length}");
                assert_ne!(whole, plaintext(&bytes[..place]));
            }
        }
    }

    fn deflated(text: &[u8]) -> Vec<u8> {
        let mut stream = flate2::Compress::new(flate2::Compression::default(), true);
        let mut compressed = Vec::with_capacity(text.len() / 100 + 1000);
        stream.compress_vec(text, &mut compressed, flate2::FlushCompress::Finish).unwrap();
        compressed
    }

    #[test]
    fn compressed_text_is_taken_out() {
        let text = vec![b'x'; 100_000];
        let compressed = deflated(&text);
        let mut buffer = plaintext(&compressed);
        buffer.inflate().unwrap();
        assert_eq!(buffer.expose(), text);
        for torn in [&compressed[..compressed.len() / 2], b"no compression", b""] {
            assert_eq!(plaintext(torn).inflate(), Err(NotInflated::NotCompressed));
        }
    }

    #[test]
    fn compressed_text_is_bounded() {
        let most = vec![0; INFLATED_BYTES_MAX];
        let mut buffer = plaintext(&deflated(&most));
        buffer.inflate().unwrap();
        assert!(buffer.expose() == most);
        let more = deflated(&vec![0; INFLATED_BYTES_MAX + 1]);
        assert_eq!(plaintext(&more).inflate(), Err(NotInflated::TooLarge));
    }

    #[test]
    fn debug_is_redacted() {
        assert_eq!(format!("{:?}", plaintext(b"secret")), "Plaintext(redacted)");
    }
}
