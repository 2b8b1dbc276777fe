//! Templates, taken apart: of a value in one column, or of one that is spread over several.

mod reader;
mod spread;

use super::encoding::Encoding;
use super::label::LabelForm;
use crate::crypto::NonceLength;

pub(super) use reader::{Given, PieceText, parse};
pub use spread::{Over, Piece};
pub(super) use spread::{Role, WrappedEncoding};

/// How a value is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// As it was written; of a spread value all of its pieces.
    pub(super) text: String,
    pub(super) over: Over,
    /// The first one holds the ciphertext; it is the only one when the value is not spread.
    pub(super) pieces: Vec<Piece>,
    /// `None` when the nonce is not stored.
    pub(super) nonce: Option<NonceLength>,
    /// Bytes of the stored tag; 0 when there is none.
    pub(super) tag_bytes: usize,
    /// Bytes of the stored salt; 0 when there is none.
    pub(super) salt_bytes: usize,
    pub(super) label: Option<LabelForm>,
    pub(super) has_time: bool,
    /// Bytes of the data key that the ring's key has sealed; 0 when there is none.
    pub(super) data_key_bytes: usize,
    /// Whether a data key is stored that a KMS key has wrapped.
    pub(super) has_wrapped_key: bool,
}

/// The segments of one column's text or bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) segments: Vec<Segment>,
    /// The segment of the ciphertext, which is read when those before it and behind it have been; where there is
    /// none, the last one.
    pub(super) pivot: usize,
}

/// A stretch of a stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(Vec<u8>),
    /// The label of the key, as text.
    Label,
    Group(Group),
}

/// Parts that are encoded together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) encoding: Encoding,
    pub(super) parts: Vec<Part>,
}

/// One stretch of a group's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Nonce(NonceLength),
    Ciphertext,
    /// Bytes of the tag, 12 to 16 or 32.
    Tag(usize),
    Fixed(Vec<u8>),
    /// Bytes of the salt of this value's own key.
    Salt(usize),
    /// Bytes of the label of the key, a number in big endian.
    Label(usize),
    /// The label of the key after a byte 1 and its length.
    TaggedLabel,
    /// Seconds since 1970 in eight bytes, big endian.
    Time,
    /// Bytes of the data key, sealed: nonce12 ct tag16.
    DataKey(usize),
    /// A data key that a KMS key has wrapped, after its length in four bytes, big endian.
    WrappedKey,
}

/// Bytes of [`Part::Time`].
pub(super) const TIME_BYTES: usize = 8;

impl Part {
    /// `None` for what varies in length.
    pub(super) fn bytes(&self) -> Option<usize> {
        match self {
            Self::Nonce(length) => Some(length.bytes()),
            Self::Ciphertext | Self::TaggedLabel | Self::WrappedKey => None,
            Self::Tag(bytes) | Self::Salt(bytes) | Self::Label(bytes) | Self::DataKey(bytes) => {
                Some(*bytes)
            }
            Self::Fixed(fixed) => Some(fixed.len()),
            Self::Time => Some(TIME_BYTES),
        }
    }
}

impl Group {
    pub(super) fn has_ciphertext(&self) -> bool {
        self.parts.contains(&Part::Ciphertext)
    }

    /// Bytes of all parts that do not vary in length.
    pub(super) fn fixed_bytes(&self) -> usize {
        self.parts.iter().filter_map(Part::bytes).sum()
    }
}
