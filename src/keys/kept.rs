//! The text of a secret as a ring keeps it, for columns whose keys are made later.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::crypto::SecretBytes;

/// Hexadecimal digits are kept as the bytes they stand for: they are recognised in memory at a glance, and
/// searched for. A passphrase stays what it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Hex { bytes: SecretBytes, case: Case },
    Text(SecretBytes),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
}

impl Kept {
    pub(super) fn new(text: SecretBytes) -> Self {
        let has = |from, to| text.expose().iter().any(|byte| (from..=to).contains(byte));
        let case = match (has(b'a', b'f'), has(b'A', b'F')) {
            (true, true) => return Self::Text(text),
            (_, false) => Case::Lower,
            (false, true) => Case::Upper,
        };
        match unhex(text.expose()) {
            Some(bytes) => Self::Hex { bytes, case },
            None => Self::Text(text),
        }
    }

    /// The text as it was found, wiped when the work is done.
    pub(super) fn with_text<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Text(text) => work(text.expose()),
            Self::Hex { bytes, case } => {
                let mut digits = Zeroizing::new(vec![0; 2 * bytes.expose().len()]);
                HEXLOWER.encode_mut(bytes.expose(), &mut digits);
                if *case == Case::Upper {
                    digits.make_ascii_uppercase();
                }
                work(&digits)
            }
        }
    }
}

/// Decoded where the bytes will lie.
fn unhex(text: &[u8]) -> Option<SecretBytes> {
    let length = HEXLOWER_PERMISSIVE.decode_len(text.len()).ok().filter(|length| *length > 0)?;
    let mut bytes = Zeroizing::new(vec![0; length]);
    HEXLOWER_PERMISSIVE.decode_mut(text, &mut bytes).ok()?;
    Some(SecretBytes::new(std::mem::take(&mut bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was() {
        for text in ["", "0f", "0F", "0123", "aF", "abc", "a passphrase", "DEADBEEF", "deadbeef"] {
            let kept = Kept::new(SecretBytes::new(text.into()));
            kept.with_text(|back| assert_eq!(back, text.as_bytes()));
            let is_hex = ["0f", "0F", "0123", "DEADBEEF", "deadbeef"].contains(&text);
            assert_eq!(matches!(kept, Kept::Hex { .. }), is_hex, "{text}");
        }
    }
}
