//! A secret as a ring keeps it, for columns whose keys are made later: the text of a source, or a key of a
//! keyset.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::keyset::KeysetKey;
use super::made::decode;
use crate::crypto::{Cipher, Derivation, KeyEncoding, MalformedKey, SecretBytes};
use crate::layout::{KeyForm, Layout};

/// Hexadecimal digits are kept as the bytes they stand for: they are recognised in memory at a glance, and
/// searched for. A passphrase stays what it is.
#[derive(Debug)]
pub(super) enum Kept {
    Hex {
        bytes: SecretBytes,
        case: Case,
    },
    Text(SecretBytes),
    /// Bytes of which it is known what they are a key of, however a layout writes its keys.
    OfKeyset(KeysetKey),
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

    /// The secret as a layout reads it.
    ///
    /// # Errors
    /// It is no key of this layout.
    pub(super) fn secret(
        &self,
        form: &KeyForm,
        cipher: Cipher,
    ) -> Result<SecretBytes, MalformedKey> {
        match self {
            Self::OfKeyset(key) if key.cipher != cipher => {
                Err(MalformedKey::OtherCipher { own: key.cipher, wanted: cipher })
            }
            Self::OfKeyset(_) if !is_plain(form) => Err(MalformedKey::OfKeyset),
            Self::OfKeyset(key) => Ok(SecretBytes::new(key.bytes.expose().to_vec())),
            Self::Hex { .. } | Self::Text(_) => self.with_text(|text| decode(form, cipher, text)),
        }
    }

    /// Whether the application reads what this key writes in a layout, as far as the key tells.
    pub(super) fn prefix_that_misses(&self, layout: &Layout) -> Option<&'static str> {
        match self {
            Self::OfKeyset(key) if !key.fits(layout) => Some(key.prefix.name()),
            _ => None,
        }
    }

    /// In time that depends on the lengths alone.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.with_text(|text| other.with_text(|other| text.ct_eq(other).into()))
    }

    /// The text as it was found, of a keyset the bytes; wiped when the work is done.
    pub(super) fn with_text<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Text(text) => work(text.expose()),
            Self::OfKeyset(key) => work(key.bytes.expose()),
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

/// Whether a layout says nothing of how its keys are written, and derives none.
fn is_plain(form: &KeyForm) -> bool {
    form.encoding == KeyEncoding::Hex && form.derivation == Derivation::None
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
