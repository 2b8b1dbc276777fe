//! Opens a value of one layout with the keys of that layout.

use super::Reason;
use crate::crypto::{Cipher, Key, KeyId, NotInflated, Parts, Plaintext};
use crate::keys::{Candidate, LayoutKeys, Owner, PreparedKey};
use crate::layout::{AadTemplate, DecodeBuffer, Layout, RowTexts, Stored};

/// Buffers for opening one value after another.
#[derive(Debug, Default)]
pub(super) struct OpenScratch {
    pub(super) decoded: DecodeBuffer,
    aad: Vec<u8>,
    /// What the layout keeps of the value that was opened last, see [`Stored::frame`].
    pub(super) frame: Vec<u8>,
    /// What the data key has sealed, opened.
    inner: Plaintext,
    has_inner: bool,
    is_compressed: bool,
    /// Whether the value that was opened last has a nonce that was made from its plaintext.
    pub(super) is_deterministic: bool,
}

/// What came of a value in one layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    By(Owner),
    /// It has another shape.
    Malformed,
    Not(Reason),
}

/// Leaves the plaintext in `plaintext`: of a value with a data key, that data key.
pub(super) fn open(
    layout: &Layout,
    keys: &LayoutKeys,
    stored: &[u8],
    row: &RowTexts<'_>,
    scratch: &mut OpenScratch,
    plaintext: &mut Plaintext,
) -> Opened {
    let OpenScratch { decoded, aad, frame, inner, has_inner, is_compressed, is_deterministic } =
        scratch;
    let Ok(stored) = layout.decode(stored, decoded) else { return Opened::Malformed };
    let template = layout.aad();
    // The additional data is the same for every key, but where it names the key.
    let by_key = template.filter(|template| template.needs_label());
    aad.clear();
    if let Some(template) = template
        && by_key.is_none()
        && template.render(row, None, aad).is_err()
    {
        return Opened::Not(Reason::AadMissing);
    }
    let mut reason = Reason::NoKeyOpensIt;
    for candidate in keys.candidates() {
        if !may_be(candidate, keys, &stored) {
            continue;
        }
        if let Some(template) = by_key
            && template.render(row, candidate.label.as_deref(), aad).is_err()
        {
            reason = missing(template, row, reason);
            continue;
        }
        let bound = if stored.bound.is_empty() { &aad[..] } else { stored.bound };
        // With a data key, additional data is the value's.
        let outer = if stored.inner.is_some() { &[][..] } else { bound };
        if !try_key(candidate, &stored, outer, plaintext) {
            continue;
        }
        if layout.plaintext_rule().is_some_and(|rule| !rule.accepts(plaintext.expose())) {
            plaintext.clear();
            reason = Reason::Implausible;
            continue;
        }
        *has_inner = stored.inner.is_some();
        if let Some(parts) = &stored.inner
            && !opens_inner(layout.cipher(), plaintext, parts, bound, inner)
        {
            plaintext.clear();
            continue;
        }
        frame.clear();
        frame.extend_from_slice(stored.frame);
        *is_compressed = stored.is_compressed;
        *is_deterministic = candidate.is_deterministic(stored.parts.nonce, plaintext.expose());
        return Opened::By(candidate.owner);
    }
    Opened::Not(reason)
}

/// Whether the label of the value lets this key be the one: it is the key's, or no key has it and this one
/// has none.
fn may_be(candidate: &Candidate, keys: &LayoutKeys, stored: &Stored<'_>) -> bool {
    let Some(label) = stored.label else { return true };
    match &candidate.stored_label {
        Some(own) => own == label,
        None => !keys.candidates().iter().any(|other| other.stored_label.as_deref() == Some(label)),
    }
}

fn missing(template: &AadTemplate, row: &RowTexts<'_>, reason: Reason) -> Reason {
    match template.render(row, Some(""), &mut Vec::new()) {
        Ok(()) => reason,
        Err(_) => Reason::AadMissing,
    }
}

fn try_key(
    candidate: &Candidate,
    stored: &Stored<'_>,
    aad: &[u8],
    plaintext: &mut Plaintext,
) -> bool {
    let parts = match &candidate.nonce {
        None => stored.parts,
        Some(nonce) => Parts { nonce, ..stored.parts },
    };
    match &candidate.key {
        PreparedKey::Ready(key) => key.open(&parts, aad, plaintext).is_ok(),
        PreparedKey::Salted(salted) => salted.derive(stored.salt).is_some_and(|(key, nonce)| {
            let parts = match &nonce {
                None => parts,
                Some(nonce) => Parts { nonce, ..parts },
            };
            key.open(&parts, aad, plaintext).is_ok()
        }),
    }
}

/// Whether the data key opens what it is said to have sealed.
fn opens_inner(
    cipher: Cipher,
    data_key: &Plaintext,
    parts: &Parts<'_>,
    aad: &[u8],
    inner: &mut Plaintext,
) -> bool {
    let key = Key::of(cipher, data_key.expose(), KeyId::NONE);
    key.is_ok_and(|key| key.open(parts, aad, inner).is_ok())
}

impl OpenScratch {
    /// The frame of the value that was opened last, if it was in the layout that is written.
    pub(super) fn old_frame(&self) -> Option<&[u8]> {
        Some(&self.frame[..]).filter(|frame| !frame.is_empty())
    }

    /// Nothing was opened: there is no frame to keep.
    pub(super) fn forget(&mut self) {
        self.frame.clear();
    }

    /// Leaves in `plaintext` what is sealed anew. In the layout that is written that is what was opened: a
    /// data key stays what it is, and so does a compressed text. Another layout takes the value itself.
    pub(super) fn unpack(
        &mut self,
        is_written: bool,
        plaintext: &mut Plaintext,
    ) -> Result<(), Reason> {
        if is_written {
            self.inner.clear();
            return Ok(());
        }
        self.frame.clear();
        if self.has_inner {
            plaintext.set(self.inner.expose());
            self.inner.clear();
        }
        if !self.is_compressed {
            return Ok(());
        }
        plaintext.inflate().map_err(|error| match error {
            NotInflated::NotCompressed => Reason::Malformed,
            NotInflated::TooLarge => Reason::TooLarge,
        })
    }
}
