//! The values of one document: what becomes of them, and the document with those that were resealed in their
//! places. A value is a string, or an object of which several strings are its pieces.

mod found;
mod replaced;

use std::ops::Range;

use self::found::{Found, Said};
pub use self::replaced::FoundValue;
use super::{ColumnWork, Reading, Reason, Resealing, Scratch};
use crate::document::{Selection, Wanted};
use crate::error::{Error, Result};
use crate::layout::Piece;

/// What became of one value, and which bytes of the document it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    pub place: Range<usize>,
    pub outcome: T,
}

/// A document, judged value by value. Those that are none of ours are not in the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResealedDocument {
    pub strings: Vec<Placed<Resealing>>,
    /// What to store instead; `None` when no string was resealed.
    pub replacement: Option<Vec<u8>>,
}

/// How the values of documents are opened and resealed.
#[derive(Clone, Debug)]
pub struct DocumentWork<'a> {
    /// Of strings that a path names.
    named: ColumnWork<'a>,
    /// Of strings that were met by `**`: without the shape of a value they are none.
    met: ColumnWork<'a>,
    paths: &'a Selection,
    /// The fields of the objects that values are; `None` when they are strings.
    fields: Option<Vec<Wanted<'a>>>,
}

/// The values of a document, or why there are none.
type Strings<T> = std::result::Result<T, Reason>;

impl<'a> DocumentWork<'a> {
    pub(super) fn new(column: ColumnWork<'a>, paths: &'a Selection) -> Self {
        let wanted = |piece: &'a Piece| Wanted { name: piece.name(), is_note: piece.may_be_null() };
        let fields = column.write().fields().map(|pieces| pieces.iter().map(wanted).collect());
        let met = column.leaving_unmatched();
        Self { named: column, met, paths, fields }
    }

    /// Tells which key opens each value; `stored` is `None` when it was too long to be fetched.
    pub fn read(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> Strings<Vec<Placed<Reading>>> {
        let mut strings = Vec::new();
        self.read_each(stored, texts, scratch, |string, _| strings.push(string))?;
        Ok(strings)
    }

    /// The same one by one, with the buffers as each left them.
    pub fn read_each(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
        mut take: impl FnMut(Placed<Reading>, &Scratch),
    ) -> Strings<()> {
        for found in self.found(stored)?.map(|(_, found)| found).unwrap_or_default() {
            let outcome = match &found.said {
                Said::Value(value) => self.work(&found).read(Some(value), texts, scratch),
                Said::Nothing => Reading::Left,
                Said::Malformed => Reading::Unreadable(Reason::Malformed),
            };
            if outcome != Reading::Left {
                take(Placed { place: found.token.range(), outcome }, scratch);
            }
        }
        Ok(())
    }

    /// Seals every value with the current key, unless that was done before; `stored` as in [`Self::read`].
    ///
    /// # Errors
    /// They end the run: those of [`ColumnWork::reseal`], and a document that does not read back with just its
    /// resealed strings replaced, which is a bug.
    pub fn reseal(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> Result<Strings<ResealedDocument>> {
        let none = ResealedDocument { strings: Vec::new(), replacement: None };
        let (document, values) = match self.found(stored) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Ok(none)),
            Err(reason) => return Ok(Err(reason)),
        };
        let (mut strings, mut new) = (Vec::new(), Vec::new());
        for found in &values {
            let outcome = match &found.said {
                Said::Value(value) => self.work(found).reseal(Some(value), texts, scratch)?,
                Said::Nothing => Resealing::Left,
                Said::Malformed => Resealing::Failed(Reason::Malformed),
            };
            if let Resealing::Resealed(bytes) = &outcome {
                new.extend(self.new_values(found, bytes)?);
            }
            if outcome != Resealing::Left {
                strings.push(Placed { place: found.token.range(), outcome });
            }
        }
        let replacement = self.splice(&document, new)?;
        Ok(Ok(ResealedDocument { strings, replacement }))
    }

    /// How many values may be sealed, at most.
    pub fn seals(&self, stored: Option<&[u8]>, scratch: &mut Scratch) -> u64 {
        let Ok(Some((_, values))) = self.found(stored) else { return 0 };
        let may_be_sealed = |found: &Found<'_>| match &found.said {
            Said::Value(value) => self.work(found).may_be_sealed(value, scratch),
            Said::Nothing | Said::Malformed => false,
        };
        values.iter().map(may_be_sealed).map(u64::from).sum()
    }
}

fn not_as_meant() -> Error {
    Error::bug("a document with resealed strings does not read back")
}
