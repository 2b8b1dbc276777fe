//! What was judged of one cell: of its value, or of each string of a document.

use std::ops::Range;

use crate::error::Result;
use crate::sealed::Sorted;
use crate::value::{DocumentWork, Placed, Reading, Reason, Resealing};

/// The judgement of one cell, or of one string in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// NULL or empty, unless the column says otherwise, or none of ours: left alone.
    Nothing,
    /// Opens with the current key in its write layout.
    Current,
    /// Resealed; these bytes replace the stored ones.
    Resealed(Vec<u8>),
    /// Needs a previous key (when only reading).
    Previous,
    /// A key service must be asked (when nobody is).
    Unknown,
    Failed(Reason),
    /// The database refused to write it: a constraint, a trigger or a rule.
    Refused {
        sqlstate: Option<String>,
    },
    /// The cell is a document; its strings are the values.
    Document(Box<JudgedDocument>),
}

impl From<Sorted> for Judgement {
    fn from(sorted: Sorted) -> Self {
        match sorted {
            Sorted::Read(reading) => reading.into(),
            Sorted::Resealed(resealing) => resealing.into(),
            Sorted::Ask => Self::Unknown,
        }
    }
}

/// The strings of a document that are values. It is written once, whatever their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedDocument {
    strings: Vec<Placed<Judgement>>,
    replacement: Option<Vec<u8>>,
}

impl From<Reading> for Judgement {
    fn from(reading: Reading) -> Self {
        match reading {
            Reading::Current => Self::Current,
            Reading::OtherLayout | Reading::Previous(_) | Reading::Plain => Self::Previous,
            Reading::Left => Self::Nothing,
            Reading::Unreadable(reason) => Self::Failed(reason),
        }
    }
}

impl From<Resealing> for Judgement {
    fn from(resealing: Resealing) -> Self {
        match resealing {
            Resealing::AlreadyCurrent => Self::Current,
            Resealing::Left => Self::Nothing,
            Resealing::Resealed(bytes) => Self::Resealed(bytes),
            Resealing::Failed(reason) => Self::Failed(reason),
        }
    }
}

impl Judgement {
    /// Of a document with these strings, and what to store instead of it.
    pub fn of_strings<T: Into<Self>>(
        strings: Vec<Placed<T>>,
        replacement: Option<Vec<u8>>,
    ) -> Self {
        if strings.is_empty() {
            return Self::Nothing;
        }
        let judged =
            |string: Placed<T>| Placed { place: string.place, outcome: string.outcome.into() };
        let strings = strings.into_iter().map(judged).collect();
        Self::Document(Box::new(JudgedDocument { strings, replacement }))
    }

    /// The values of the cell: one, or the strings of a document, each with its place there.
    pub fn values(&self) -> impl Iterator<Item = (Option<&Range<usize>>, &Self)> {
        let (cell, strings) = match self {
            Self::Document(document) => (None, &document.strings[..]),
            cell => (Some((None, cell)), &[][..]),
        };
        let strings = strings.iter().map(|string| (Some(&string.place), &string.outcome));
        cell.into_iter().chain(strings)
    }

    /// Whether something is to be done about a value.
    pub fn is_unfinished(&self) -> bool {
        matches!(self, Self::Previous | Self::Unknown | Self::Failed(_))
    }

    /// What replaces the stored cell, if it is to be written.
    pub fn replacement(&self) -> Option<&[u8]> {
        match self {
            Self::Resealed(bytes) => Some(bytes),
            Self::Document(document) => document.replacement.as_deref(),
            _ => None,
        }
    }

    /// Decides about one value of a document.
    pub(super) fn decide(&mut self, value: usize, judgement: Self) {
        if let Self::Document(document) = self
            && let Some(string) = document.strings.get_mut(value)
        {
            string.outcome = judgement;
        }
    }

    /// Finds what to store instead of a document whose every value is judged.
    ///
    /// # Errors
    /// It does not read back, which is a bug.
    pub(super) fn put_together(&mut self, work: &DocumentWork<'_>, stored: &[u8]) -> Result<()> {
        let Self::Document(document) = self else { return Ok(()) };
        let is_unknown = |string: &Placed<Self>| string.outcome == Self::Unknown;
        if document.replacement.is_some() || document.strings.iter().any(is_unknown) {
            return Ok(());
        }
        let resealed = |string: &'_ Placed<Self>| match &string.outcome {
            Self::Resealed(bytes) => Some((string.place.start, bytes.clone())),
            _ => None,
        };
        let new: Vec<(usize, Vec<u8>)> = document.strings.iter().filter_map(resealed).collect();
        document.replacement = work.replaced(stored, &new)?;
        Ok(())
    }

    /// The database refuses to write the cell: so it does each value that was resealed.
    pub fn refuse(&mut self, sqlstate: Option<&str>) {
        match self {
            Self::Resealed(_) => *self = Self::Refused { sqlstate: sqlstate.map(str::to_owned) },
            Self::Document(document) => {
                document.replacement = None;
                document.strings.iter_mut().for_each(|string| string.outcome.refuse(sqlstate));
            }
            _ => {}
        }
    }
}
