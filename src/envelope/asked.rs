//! Wrapped keys in their places: which bytes, and what their row binds them to.
//!
//! The same bytes may stand in two rows and open in one of them alone. So nothing that was learnt of a wrapped key
//! is ever held of its bytes: it is held of the bytes and their binding.

use std::fmt;

use crate::kms::Binding;
use crate::layout::{ColumnLayout, DataKeyForm, DecodeBuffer, RowTexts};
use crate::value::Reason;

/// What a row binds a wrapped key to, one binding a KMS key. Of keys that bind nothing there is none.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bindings(Vec<Option<Binding>>);

/// A wrapped key in its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyInPlace {
    pub wrapped: Vec<u8>,
    pub bindings: Bindings,
    /// The version that is noted beside it, where it opens by that alone: with another one it does not.
    pub version: Option<String>,
}

/// A wrapped key that is asked about, and the version that is noted beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    pub key: KeyInPlace,
    pub noted: Option<String>,
}

impl Bindings {
    /// What a row binds to.
    ///
    /// # Errors
    /// A column that the key which wraps binds to is NULL. Where it is one of another key, that key has not
    /// wrapped what stands there.
    fn in_row(form: &DataKeyForm, row: &RowTexts<'_>) -> Result<Self, Reason> {
        if !form.is_bound() {
            return Ok(Self::default());
        }
        let bindings: Vec<Option<Binding>> =
            form.keys().iter().map(|key| key.bound.in_row(row).ok()).collect();
        match bindings.first() {
            Some(Some(_)) => Ok(Self(bindings)),
            _ => Err(Reason::AadMissing),
        }
    }

    /// What the KMS key at this place binds to; `None` when it cannot in this row.
    pub fn at(&self, place: usize) -> Option<&Binding> {
        match self.0.get(place) {
            Some(binding) => binding.as_ref(),
            None => Some(&Binding::None),
        }
    }

    /// What the key that wraps binds to.
    pub fn target(&self) -> &Binding {
        self.at(0).unwrap_or(&Binding::None)
    }
}

/// What rows say is not shown.
impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bindings({})", self.0.len())
    }
}

/// The wrapped key of a value in its row.
///
/// # Errors
/// The value has not the shape of the layout, or lacks what its wrapped key is bound to.
pub fn asked(layout: &ColumnLayout, stored: &[u8], row: &RowTexts<'_>) -> Result<Asked, Reason> {
    let (wrapped, noted) = stored_key(layout, stored).ok_or(Reason::Malformed)?;
    let form = layout.write().data_key();
    let bindings = form.map_or(Ok(Bindings::default()), |form| Bindings::in_row(form, row))?;
    let version = noted.clone().filter(|_| form.is_some_and(DataKeyForm::opens_by_version));
    Ok(Asked { key: KeyInPlace { wrapped, bindings, version }, noted })
}

/// A wrapped key as it is stored, and the version that is noted beside it.
pub(super) fn stored_key(
    layout: &ColumnLayout,
    stored: &[u8],
) -> Option<(Vec<u8>, Option<String>)> {
    let mut buffer = DecodeBuffer::default();
    let taken = layout.write().decode(stored, &mut buffer).ok()?;
    let noted = taken.key_version.and_then(|version| str::from_utf8(version).ok());
    Some((taken.wrapped_key.to_vec(), noted.map(str::to_owned)))
}
