//! One value: which key opens it, and the same value under the current key.
//!
//! Pure: keys, a layout and bytes in, an outcome out. No row, no SQL, no async; `plan` opens its sample
//! with it, `rotate` what it walks.

mod column;

use crate::crypto::{Key, NonceSource, Parts, Plaintext};
use crate::error::{Error, Result};
use crate::keys::KeyRing;
use crate::layout::{ColumnLayout, DecodeBuffer, Layout};

pub use column::{AadSource, ColumnWork};

/// Why a value could not be resealed. The list is closed: its words stand in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It has the shape of a layout, but no key of the ring opens it.
    NoKeyOpensIt,
    /// No layout of the column has its shape.
    Malformed,
    /// It opens without authentication, but not to what its plaintext should look like. Kept for such
    /// layouts: today every one authenticates.
    Implausible,
    /// A column of its AAD is NULL.
    AadMissing,
    /// The database refused the row: a constraint, a trigger or a rule.
    WriteRefused,
    /// It is larger than the configured bound.
    TooLarge,
}

impl Reason {
    pub const ALL: [Self; 6] = [
        Self::NoKeyOpensIt,
        Self::Malformed,
        Self::Implausible,
        Self::AadMissing,
        Self::WriteRefused,
        Self::TooLarge,
    ];

    /// As it stands in the ledger and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoKeyOpensIt => "no_key_opens_it",
            Self::Malformed => "malformed",
            Self::Implausible => "implausible",
            Self::AadMissing => "aad_missing",
            Self::WriteRefused => "write_refused",
            Self::TooLarge => "too_large",
        }
    }
}

/// The AAD of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aad<'a> {
    /// Rendered from its row.
    Rendered(&'a [u8]),
    /// A column it needs is NULL.
    Missing,
}

impl Aad<'_> {
    /// What a column without an AAD template has.
    pub const NONE: Self = Self::Rendered(b"");
}

/// Which key opens a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The current key, in the layout that is written: nothing is left to do.
    Current,
    /// The current key, but in a layout that is only read.
    OtherLayout,
    /// A previous key, by its place in the ring.
    Previous(usize),
    Unreadable(Reason),
}

/// What became of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resealing {
    /// The current key opens it in the layout that is written; it stays as it is.
    AlreadyCurrent,
    /// What to store instead. It has been read back and compared.
    Resealed(Vec<u8>),
    /// It stays as it is, and is a failure.
    Failed(Reason),
}

/// Buffers of one worker, and its nonces. Nothing is allocated for a value once they are warm.
#[derive(Debug, Default)]
pub struct Scratch {
    decoded: DecodeBuffer,
    plaintext: Plaintext,
    reopened: Plaintext,
    ciphertext: Vec<u8>,
    nonces: NonceSource,
}

/// The keys and the layout of one column.
#[derive(Clone, Copy, Debug)]
pub struct ValueWork<'a> {
    ring: &'a KeyRing,
    layout: &'a ColumnLayout,
}

impl<'a> ValueWork<'a> {
    pub fn new(ring: &'a KeyRing, layout: &'a ColumnLayout) -> Self {
        Self { ring, layout }
    }

    /// Tells which key opens the value.
    pub fn read(&self, stored: &[u8], aad: Aad<'_>, scratch: &mut Scratch) -> Reading {
        let reading = self.open(stored, aad, &mut scratch.decoded, &mut scratch.plaintext);
        scratch.plaintext.clear();
        reading
    }

    /// Seals the value with the current key, unless that was done before.
    ///
    /// # Errors
    /// They end the run: no random bytes, or a resealed value that does not read back, which is a
    /// bug. In neither case is there anything to write.
    pub fn reseal(&self, stored: &[u8], aad: Aad<'_>, scratch: &mut Scratch) -> Result<Resealing> {
        let Aad::Rendered(aad_bytes) = aad else {
            return Ok(Resealing::Failed(Reason::AadMissing));
        };
        match self.open(stored, aad, &mut scratch.decoded, &mut scratch.plaintext) {
            Reading::Current => {
                scratch.plaintext.clear();
                Ok(Resealing::AlreadyCurrent)
            }
            Reading::Unreadable(reason) => Ok(Resealing::Failed(reason)),
            Reading::OtherLayout | Reading::Previous(_) => {
                let resealed = self.seal(aad_bytes, scratch);
                scratch.plaintext.clear();
                resealed.map(Resealing::Resealed)
            }
        }
    }

    /// Leaves the plaintext in `plaintext`, or nothing when no key opens the value.
    fn open(
        &self,
        stored: &[u8],
        aad: Aad<'_>,
        decoded: &mut DecodeBuffer,
        plaintext: &mut Plaintext,
    ) -> Reading {
        let Aad::Rendered(aad) = aad else { return Reading::Unreadable(Reason::AadMissing) };
        let mut reason = Reason::Malformed;
        for (place, layout) in self.layouts().enumerate() {
            let Ok(parts) = layout.decode(stored, decoded) else { continue };
            reason = Reason::NoKeyOpensIt;
            if self.ring.current().open(&parts, aad, plaintext).is_ok() {
                return if place == 0 { Reading::Current } else { Reading::OtherLayout };
            }
            if let Some(key) = opened_by(self.ring.previous(), &parts, aad, plaintext) {
                return Reading::Previous(key);
            }
        }
        Reading::Unreadable(reason)
    }

    /// The layout that is written, then the others.
    fn layouts(&self) -> impl Iterator<Item = &'a Layout> {
        std::iter::once(&self.layout.write).chain(&self.layout.read)
    }

    /// Seals the plaintext with a fresh nonce, and gives the value out only when it reads back.
    fn seal(&self, aad: &[u8], scratch: &mut Scratch) -> Result<Vec<u8>> {
        let (layout, key) = (&self.layout.write, self.ring.current());
        let nonce = scratch
            .nonces
            .next(layout.nonce_length())
            .map_err(|no_randomness| Error::outside(no_randomness.to_string()))?;
        let tag = key.seal(&nonce, aad, &scratch.plaintext, &mut scratch.ciphertext);
        let mut stored = Vec::new();
        layout.encode(&nonce, &scratch.ciphertext, &tag, &mut stored);
        if self.reads_back(&stored, aad, scratch) {
            Ok(stored)
        } else {
            Err(Error::bug("a resealed value does not read back").at(layout.template()))
        }
    }

    /// Whether the current key opens the encoded value to the plaintext that was sealed.
    fn reads_back(&self, stored: &[u8], aad: &[u8], scratch: &mut Scratch) -> bool {
        let Scratch { decoded, plaintext, reopened, .. } = scratch;
        let same = match self.layout.write.decode(stored, decoded) {
            Ok(parts) => {
                self.ring.current().open(&parts, aad, reopened).is_ok() && *reopened == *plaintext
            }
            Err(_) => false,
        };
        reopened.clear();
        same
    }
}

/// The place of the key that opens a value.
fn opened_by(
    keys: &[Key],
    parts: &Parts<'_>,
    aad: &[u8],
    plaintext: &mut Plaintext,
) -> Option<usize> {
    keys.iter().position(|key| key.open(parts, aad, plaintext).is_ok())
}

#[cfg(test)]
mod tests;
