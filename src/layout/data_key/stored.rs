//! Stored values with a wrapped data key: which layouts have one, and the same value beside another one.

use std::ops::Range;

use super::DataKeyForm;
use crate::cell;
use crate::crypto::Parts;
use crate::layout::template::Over;
use crate::layout::{
    AadTemplate, DecodeBuffer, KeyForm, LabelFrom, Layout, LayoutError, NonceFrom, Sealed,
};

/// Bytes of the length before a wrapped data key.
const WRAPPED_KEY_LENGTH: usize = 4;
/// No KMS makes a longer one of a data key, and Tink reads no longer one (kms_envelope_aead).
const WRAPPED_KEY_MAX: usize = 4096;

/// Where a wrapped data key lies that follows its length.
pub(in crate::layout) fn wrapped_after_length(bytes: &[u8]) -> Option<Range<usize>> {
    let (length, rest) = bytes.split_first_chunk::<WRAPPED_KEY_LENGTH>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let is_one = (1..=WRAPPED_KEY_MAX.min(rest.len())).contains(&length);
    is_one.then_some(WRAPPED_KEY_LENGTH..WRAPPED_KEY_LENGTH + length)
}

impl Layout {
    /// The data keys of its values, if a KMS wraps them.
    pub fn data_key(&self) -> Option<&DataKeyForm> {
        self.data_key.as_ref()
    }

    /// Refuses a wrapped key that nobody has said who wraps, and what is a ring's where there is none.
    pub(in crate::layout) fn check_wrapped_key(&self) -> Result<(), LayoutError> {
        let template = self.as_template();
        let has_wrapped_key = template.is_some_and(|template| template.has_wrapped_key);
        if self.data_key.is_none() {
            return match has_wrapped_key {
                false => Ok(()),
                true => Err(LayoutError::new("`wrapped_u32` without the KMS key that wraps")
                    .hint("data_key = { kms = \"awskms:///…\" }")),
            };
        }
        if !has_wrapped_key {
            return Err(LayoutError::new("a data key that is stored nowhere").hint(
                "data_key = { column = \"secret_dek\" }, or {raw(wrapped_u32 nonce12 ct tag16)}",
            ));
        }
        let of_a_ring = self.label_form().is_some()
            || self.salt_bytes() > 0
            || self.has_data_key()
            || self.key != KeyForm::default()
            || self.label != LabelFrom::Given
            || self.nonce != NonceFrom::Value;
        if of_a_ring || self.aad.as_ref().is_some_and(AadTemplate::needs_label) {
            let what = "what belongs to a ring\u{2019}s key, beside a data key of its own";
            return Err(LayoutError::new(what)
                .hint("leave {kid}, salt, dek, `key`, `label` and `nonce` out"));
        }
        Ok(())
    }

    /// The same value with another wrapped key: whatever else is stored stays as it is, byte for byte. `None`
    /// when it has another shape.
    pub fn rewrapped(
        &self,
        stored: &[u8],
        wrapped_key: &[u8],
        version: Option<&str>,
    ) -> Option<Vec<u8>> {
        let template = self.as_template()?;
        let mut buffer = DecodeBuffer::default();
        let taken = self.decode(stored, &mut buffer).ok()?;
        let Parts { nonce, ciphertext, tag } = taken.parts;
        let (salt, label, frame) = (taken.salt, &[][..], taken.frame);
        let key_version = version.map(str::as_bytes);
        let sealed =
            Sealed { nonce, ciphertext, tag, salt, label, frame, wrapped_key, key_version };
        let mut written = Vec::new();
        self.encode(&sealed, &mut written);
        if template.over == Over::Cell {
            return Some(written);
        }
        let (mut kept, mut old, mut new) =
            (Vec::with_capacity(written.len()), stored, &written[..]);
        for piece in &template.pieces {
            let (old_piece, new_piece);
            (old_piece, old) = cell::split(old)?;
            (new_piece, new) = cell::split(new)?;
            cell::append(if piece.holds_data_key() { new_piece } else { old_piece }, &mut kept);
        }
        Some(kept)
    }

    /// Whether two stored values differ in no more than their wrapped keys.
    pub fn has_same_value(&self, stored: &[u8], other: &[u8]) -> bool {
        let (mut one, mut two) = (DecodeBuffer::default(), DecodeBuffer::default());
        match (self.decode(stored, &mut one), self.decode(other, &mut two)) {
            (Ok(one), Ok(two)) => one.parts == two.parts,
            _ => false,
        }
    }
}
