//! One value: which key opens it, and the same value under the current key.
//!
//! Pure: keys, layouts and bytes in, an outcome out. No SQL, no async; `plan` opens its sample with it,
//! `rotate` what it walks.

mod column;
mod document;
mod intent;
mod opening;
mod sealing;
mod trial;

use zeroize::Zeroizing;

use crate::crypto::{NonceSource, Plaintext};
use crate::error::Result;
use crate::keys::{ColumnKeys, Owner};
use crate::layout::{ColumnLayout, Empty, Layout, Null, RowTexts, Unmatched};
use opening::{OpenScratch, Opened};

pub use column::{AadSource, ColumnWork};
pub use document::{DocumentWork, FoundValue, Placed, ResealedDocument};
pub use intent::Intent;
pub use trial::Trial;

/// Why a value could not be resealed. The list is closed: its words stand in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It has the shape of a layout, but no key of the ring opens it.
    NoKeyOpensIt,
    /// No layout of the column has its shape.
    Malformed,
    /// It is NULL or empty, and the column wants a value.
    Missing,
    /// It opens without authentication, but not to what its plaintext should look like.
    Implausible,
    /// A column of its AAD is NULL.
    AadMissing,
    /// The database refused the row: a constraint, a trigger or a rule.
    WriteRefused,
    /// It is larger than the configured bound.
    TooLarge,
}

impl Reason {
    pub const ALL: [Self; 7] = [
        Self::NoKeyOpensIt,
        Self::Malformed,
        Self::Missing,
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
            Self::Missing => "missing",
            Self::Implausible => "implausible",
            Self::AadMissing => "aad_missing",
            Self::WriteRefused => "write_refused",
            Self::TooLarge => "too_large",
        }
    }
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
    /// No key: it is plain text that is to be encrypted.
    Plain,
    /// It is empty or has the shape of no layout, and such values are none of ours.
    Left,
    Unreadable(Reason),
}

/// What became of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resealing {
    /// The current key opens it in the layout that is written; it stays as it is.
    AlreadyCurrent,
    /// It has the shape of no layout, and such values stay as they are.
    Left,
    /// What to store instead. It has been read back and compared.
    Resealed(Vec<u8>),
    /// It stays as it is, and is a failure.
    Failed(Reason),
}

/// Buffers of one worker, and its nonces. Nothing is allocated for a value once they are warm.
#[derive(Debug, Default)]
pub struct Scratch {
    open: OpenScratch,
    plaintext: Plaintext,
    reopened: Plaintext,
    ciphertext: Vec<u8>,
    frame: Vec<u8>,
    bound: Vec<u8>,
    salt: Vec<u8>,
    nonces: NonceSource,
}

impl Scratch {
    /// Whether the value that was opened last has a nonce that was made from its plaintext.
    pub fn was_deterministic(&self) -> bool {
        self.open.is_deterministic
    }
}

/// The keys and the layouts of one column.
#[derive(Clone, Copy, Debug)]
pub struct ValueWork<'a> {
    keys: &'a ColumnKeys,
    layout: &'a ColumnLayout,
    unmatched: Unmatched,
    empty: Empty,
    /// The data key under which values are sealed, as it is stored.
    wrapping: Wrapping<'a>,
}

/// A wrapped data key, and the version of its KMS key.
#[derive(Clone, Copy, Debug, Default)]
struct Wrapping<'a> {
    key: &'a [u8],
    version: Option<&'a str>,
}

impl<'a> ValueWork<'a> {
    pub fn new(keys: &'a ColumnKeys, layout: &'a ColumnLayout) -> Self {
        let (unmatched, empty) = (layout.unmatched(), layout.nothing().empty);
        Self { keys, layout, unmatched, empty, wrapping: Wrapping::default() }
    }

    /// The same, but values that have the shape of no layout are left alone, and so are empty ones.
    pub fn leaving_unmatched(self) -> Self {
        Self { unmatched: Unmatched::Leave, empty: Empty::Leave, ..self }
    }

    pub fn leaves_unmatched(&self) -> bool {
        self.unmatched == Unmatched::Leave
    }

    /// Whether the value may come to be sealed: it has the shape of a layout, or is to be encrypted.
    pub fn may_be_sealed(&self, stored: &[u8], scratch: &mut Scratch) -> bool {
        if stored.is_empty() {
            return self.empty == Empty::Encrypt;
        }
        self.unmatched == Unmatched::Encrypt
            || self
                .layout
                .all()
                .any(|layout| layout.decode(stored, &mut scratch.open.decoded).is_ok())
    }

    /// The layout that is written.
    pub fn write(&self) -> &'a Layout {
        self.layout.write()
    }

    /// Tells which key opens the value. The texts of the row are those of
    /// [`ColumnLayout::aad_columns`].
    pub fn read(&self, stored: &[u8], row: &RowTexts<'_>, scratch: &mut Scratch) -> Reading {
        let reading = self.open(stored, row, &mut scratch.open, &mut scratch.plaintext);
        scratch.plaintext.clear();
        reading
    }

    /// Seals the value with the current key, unless that was done before.
    ///
    /// # Errors
    /// They end the run: no random bytes, or a resealed value that does not read back, which is a
    /// bug. In neither case is there anything to write.
    pub fn reseal(
        &self,
        stored: &[u8],
        row: &RowTexts<'_>,
        scratch: &mut Scratch,
    ) -> Result<Resealing> {
        let reading = self.open(stored, row, &mut scratch.open, &mut scratch.plaintext);
        let resealed = match reading {
            Reading::Current => Ok(Resealing::AlreadyCurrent),
            Reading::Unreadable(reason) => Ok(Resealing::Failed(reason)),
            Reading::Left => Ok(Resealing::Left),
            Reading::OtherLayout | Reading::Previous(_) | Reading::Plain => self.seal(row, scratch),
        };
        scratch.plaintext.clear();
        resealed
    }

    /// Opens a value that a key service is to seal, and shows what it is.
    fn show(
        &self,
        stored: &[u8],
        row: &RowTexts<'_>,
        scratch: &mut Scratch,
    ) -> (Reading, Zeroizing<Vec<u8>>) {
        let reading = self.open(stored, row, &mut scratch.open, &mut scratch.plaintext);
        let shown = Zeroizing::new(scratch.plaintext.expose().to_vec());
        scratch.plaintext.clear();
        (reading, shown)
    }

    /// Seals what a key service has opened.
    fn seal_shown(
        &self,
        shown: &[u8],
        row: &RowTexts<'_>,
        scratch: &mut Scratch,
    ) -> Result<Resealing> {
        scratch.plaintext.set(shown);
        scratch.open.forget();
        let sealed = self.seal(row, scratch);
        scratch.plaintext.clear();
        sealed
    }

    /// Leaves the plaintext in `plaintext`, or nothing when no key opens the value.
    fn open(
        &self,
        stored: &[u8],
        row: &RowTexts<'_>,
        scratch: &mut OpenScratch,
        plaintext: &mut Plaintext,
    ) -> Reading {
        if stored.is_empty() {
            return self.open_empty(scratch, plaintext);
        }
        let mut reason = Reason::Malformed;
        for (place, layout) in self.layout.all().enumerate() {
            // What has the shape of a layout that authenticates is never given to one that does not.
            if reason != Reason::Malformed && !layout.cipher().is_authenticated() {
                continue;
            }
            match opening::open(layout, self.keys.of(place), stored, row, scratch, plaintext) {
                Opened::By(owner) => {
                    let reading = match owner {
                        Owner::Current if place == 0 => Reading::Current,
                        Owner::Current => Reading::OtherLayout,
                        Owner::Previous(key) => Reading::Previous(key),
                    };
                    let is_written = place == 0;
                    return match scratch.unpack(is_written, plaintext) {
                        Ok(()) => reading,
                        Err(reason) => Reading::Unreadable(reason),
                    };
                }
                Opened::Malformed => {}
                Opened::Not(why) => reason = why,
            }
        }
        match (reason, self.unmatched) {
            (Reason::Malformed, Unmatched::Leave) => Reading::Left,
            (Reason::Malformed, Unmatched::Encrypt) => {
                plaintext.set(stored);
                scratch.forget();
                Reading::Plain
            }
            _ => Reading::Unreadable(reason),
        }
    }

    fn open_empty(&self, scratch: &mut OpenScratch, plaintext: &mut Plaintext) -> Reading {
        match self.empty {
            Empty::Leave => Reading::Left,
            Empty::Fail => Reading::Unreadable(Reason::Missing),
            Empty::Encrypt => {
                plaintext.clear();
                scratch.forget();
                Reading::Plain
            }
        }
    }

    /// What NULL is.
    pub fn read_null(&self) -> Reading {
        match self.layout.nothing().null {
            Null::Leave => Reading::Left,
            Null::Fail => Reading::Unreadable(Reason::Missing),
        }
    }
}

#[cfg(test)]
mod tests;
