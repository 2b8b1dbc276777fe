//! Data keys that lie wrapped by a KMS key, and what came of them when they were unwrapped.
//!
//! Unwrapping is done elsewhere, once, before a ring is loaded: this room knows no async.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::KeySource;
use super::source::without_line_end;
use crate::crypto::{KeyBytes, KeyId, SecretBytes};
use crate::error::{Error, Result};
use crate::kms::KeyUri;

/// A wrapped data key: by which KMS key, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WrappedSource {
    pub kms: KeyUri,
    /// A variable or a file.
    pub wrapped: KeySource,
}

impl WrappedSource {
    /// What lies there; nothing to anyone without the KMS.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>> {
        self.wrapped.content()
    }
}

impl fmt::Display for WrappedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} wrapped by {}", self.wrapped, self.kms)
    }
}

/// How a data key was wrapped, as far as its service tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapping {
    pub kms: KeyUri,
    /// The version of the KMS key that had wrapped it.
    pub version: Option<String>,
    /// The version that wraps now, when it was asked for.
    pub newest_version: Option<String>,
    /// Whether they are the same.
    pub is_newest: Option<bool>,
}

/// A data key in the open.
pub struct UnwrappedKey {
    pub(super) opened: SecretBytes,
    pub(super) wrapping: Wrapping,
}

impl UnwrappedKey {
    /// # Errors
    /// It is empty, or not the key that `noted` is the id of.
    pub fn new(opened: &[u8], noted: Option<&str>, wrapping: Wrapping) -> Result<Self> {
        if without_line_end(opened).is_empty() {
            return Err(Error::usage("the wrapped data key is empty"));
        }
        if noted.is_some_and(|noted| noted != KeyId::of(opened).to_string()) {
            return Err(Error::usage("the wrapped data key is another one than its file says")
                .hint("the line of generate-key --wrap-with belongs together: copy it whole"));
        }
        Ok(Self { opened: SecretBytes::new(opened.to_vec()), wrapping })
    }

    /// 32 bytes are a key as random bytes, and become its hexadecimal digits; anything else is text, as a
    /// variable would hold it.
    pub(super) fn text(&self) -> SecretBytes {
        let opened = self.opened.expose();
        if opened.len() != KeyBytes::LENGTH {
            return SecretBytes::new(without_line_end(opened).to_vec());
        }
        let mut digits = Zeroizing::new(vec![0; 2 * KeyBytes::LENGTH]);
        HEXLOWER.encode_mut(opened, &mut digits);
        SecretBytes::new(std::mem::take(&mut digits))
    }
}

/// What came of the wrapped data keys of some rings.
#[derive(Default)]
pub struct UnwrappedKeys(BTreeMap<WrappedSource, Result<UnwrappedKey>>);

impl UnwrappedKeys {
    pub fn insert(&mut self, source: WrappedSource, outcome: Result<UnwrappedKey>) {
        self.0.insert(source, outcome);
    }

    pub fn contains(&self, source: &WrappedSource) -> bool {
        self.0.contains_key(source)
    }

    pub(super) fn get(&self, source: &WrappedSource) -> Result<&UnwrappedKey> {
        let nobody = || Error::bug("a data key was not unwrapped").at(source.to_string());
        self.0.get(source).ok_or_else(nobody)?.as_ref().map_err(Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapping() -> Wrapping {
        let kms = "hashivault://k".parse().unwrap();
        Wrapping { kms, version: None, newest_version: None, is_newest: None }
    }

    fn text(opened: &[u8], noted: Option<&str>) -> Result<Vec<u8>> {
        UnwrappedKey::new(opened, noted, wrapping()).map(|key| key.text().expose().to_vec())
    }

    #[test]
    fn bytes_become_digits_and_text_stays() {
        assert_eq!(text(&[0xab; 32], None).unwrap(), "ab".repeat(32).as_bytes());
        let digits = "cd".repeat(32);
        assert_eq!(text(format!("{digits}\n").as_bytes(), None).unwrap(), digits.as_bytes());
        assert_eq!(text(b"\n", None).unwrap_err().what, "the wrapped data key is empty");
    }

    #[test]
    fn a_key_of_another_file_is_refused() {
        let id = KeyId::of(&[0xab; 32]).to_string();
        assert!(text(&[0xab; 32], Some(&id)).is_ok());
        let refused = text(&[0xac; 32], Some(&id)).unwrap_err();
        assert_eq!(refused.what, "the wrapped data key is another one than its file says");
    }
}
