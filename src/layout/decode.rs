//! Takes a stored value apart: from the left up to the ciphertext, from the right down to it.
//!
//! Everything but the ciphertext has a fixed length, so no place is ever searched for or guessed.

use std::fmt;
use std::ops::Range;

use super::data_key::wrapped_after_length;
use super::encoding::Encoding;
use super::ends::{
    after_line_breaks, end_from_left, is_text_without_line_break, label_end, label_start,
    start_from_right,
};
use super::label;
use super::template::{Group, Over, Part, Role, Segment, Sequence, Template};
use crate::cell;
use crate::crypto::{NonceLength, Parts};

/// Room for the decoded parts of one value after another.
#[derive(Debug, Default)]
pub struct DecodeBuffer {
    pub(super) decoded: Vec<u8>,
    /// A group's text with the line feeds taken out.
    pub(super) unwrapped: Vec<u8>,
    pub(super) nonce: Range<usize>,
    pub(super) ciphertext: Range<usize>,
    pub(super) tag: Range<usize>,
    pub(super) salt: Range<usize>,
    pub(super) label: Option<Range<usize>>,
    pub(super) bound: Range<usize>,
    pub(super) data_key: Range<usize>,
    pub(super) wrapped_key: Range<usize>,
    pub(super) key_version: Option<Range<usize>>,
    /// What the layout keeps of a value, see [`Stored::frame`].
    pub(super) frame: Vec<u8>,
    pub(super) is_compressed: bool,
}

/// A stored value, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored<'a> {
    /// What the key of the ring has sealed: the value, or its data key.
    pub parts: Parts<'a>,
    /// Of the value's own key; empty when it has none.
    pub salt: &'a [u8],
    /// The label of the key, as it is stored.
    pub label: Option<&'a [u8]>,
    /// What the layout itself binds the value to: the header of a JWE, the head of a Fernet token.
    pub bound: &'a [u8],
    /// What the layout keeps of a value that is sealed anew: a time, a header, what a data key has sealed.
    pub frame: &'a [u8],
    /// What the data key has sealed.
    pub inner: Option<Parts<'a>>,
    /// Whether the plaintext is zlib-compressed, as the layout says.
    pub is_compressed: bool,
    /// The data key as a KMS key has wrapped it; empty when there is none.
    pub wrapped_key: &'a [u8],
    /// The version of that KMS key, where it is noted.
    pub key_version: Option<&'a [u8]>,
}

/// The value does not have the shape of the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

pub(super) fn decode<'b>(
    template: &Template,
    stored: &[u8],
    buffer: &'b mut DecodeBuffer,
) -> Result<Stored<'b>, Malformed> {
    buffer.clear();
    match &template.pieces[0].role {
        Role::Template(whole) if template.over == Over::Cell => take_piece(whole, stored, buffer)?,
        _ => take_pieces(template, stored, buffer)?,
    }
    Ok(buffer.stored(template))
}

/// Takes the pieces of a spread value apart, one by one.
fn take_pieces(
    template: &Template,
    cell: &[u8],
    buffer: &mut DecodeBuffer,
) -> Result<(), Malformed> {
    let mut rest = cell;
    for piece in &template.pieces {
        let (stored, behind) = cell::split(rest).ok_or(Malformed)?;
        rest = behind;
        match (&piece.role, stored) {
            (_, None | Some([])) if piece.may_be_null => {}
            (Role::Template(sequence), Some(stored)) => take_piece(sequence, stored, buffer)?,
            (Role::WrappedKey(it), Some(stored)) => buffer.take_wrapped(it.encoding, stored)?,
            (Role::KeyVersion, Some(stored)) => buffer.key_version = Some(buffer.keep(stored)),
            _ => return Err(Malformed),
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(Malformed) }
}

fn take_piece(
    sequence: &Sequence,
    stored: &[u8],
    buffer: &mut DecodeBuffer,
) -> Result<(), Malformed> {
    let Sequence { segments, pivot } = sequence;
    let (before, after) = segments.split_at(*pivot);
    let mut rest = stored;
    for (place, segment) in before.iter().enumerate() {
        rest = match segment {
            Segment::Literal(literal) => rest.strip_prefix(&literal[..]).ok_or(Malformed)?,
            Segment::Label => {
                let end = label_end(rest, segments.get(place + 1)).ok_or(Malformed)?;
                let (label, rest) = rest.split_at(end);
                buffer.take_label(label)?;
                rest
            }
            Segment::Group(group) => {
                // Line feeds behind a group are its own only when nothing else can begin with one.
                let loose = is_text_without_line_break(&segments[place + 1]);
                let end = end_from_left(group, rest, loose).ok_or(Malformed)?;
                let (text, rest) = rest.split_at(end);
                buffer.take(group, text)?;
                if loose { after_line_breaks(rest) } else { rest }
            }
        };
    }
    let (pivot, after) = after.split_first().ok_or(Malformed)?;
    for (place, segment) in after.iter().enumerate().rev() {
        rest = match segment {
            Segment::Literal(literal) => rest.strip_suffix(&literal[..]).ok_or(Malformed)?,
            Segment::Label => {
                let text_before = place.checked_sub(1).and_then(|before| after.get(before));
                let start = label_start(rest, text_before).ok_or(Malformed)?;
                let (rest, label) = rest.split_at(start);
                buffer.take_label(label)?;
                rest
            }
            Segment::Group(group) => {
                let (rest, text) = rest.split_at(start_from_right(group, rest).ok_or(Malformed)?);
                buffer.take(group, text)?;
                rest
            }
        };
    }
    match pivot {
        Segment::Group(group) => buffer.take(group, rest),
        Segment::Label => buffer.take_label(rest),
        Segment::Literal(literal) if rest == &literal[..] => Ok(()),
        Segment::Literal(_) => Err(Malformed),
    }
}

impl DecodeBuffer {
    pub(super) fn clear(&mut self) {
        self.decoded.clear();
        self.frame.clear();
        self.label = None;
        self.key_version = None;
        for range in [
            &mut self.nonce,
            &mut self.ciphertext,
            &mut self.tag,
            &mut self.salt,
            &mut self.bound,
            &mut self.data_key,
            &mut self.wrapped_key,
        ] {
            *range = 0..0;
        }
        self.is_compressed = false;
    }

    /// Appends bytes and notes where they lie.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.decoded.len();
        self.decoded.extend_from_slice(bytes);
        start..self.decoded.len()
    }

    fn take_label(&mut self, label: &[u8]) -> Result<(), Malformed> {
        let is_label = std::str::from_utf8(label).is_ok_and(label::is_label);
        self.label = Some(self.keep(label)).filter(|_| is_label);
        self.label.as_ref().map(drop).ok_or(Malformed)
    }

    /// Decodes a group and notes where its parts lie.
    fn take(&mut self, group: &Group, text: &[u8]) -> Result<(), Malformed> {
        let mut start = self.decoded.len();
        group.encoding.decode(text, &mut self.unwrapped, &mut self.decoded)?;
        let bytes = self.decoded.len() - start;
        let mut variable = bytes.checked_sub(group.fixed_bytes()).ok_or(Malformed)?;
        if variable > 0 && !group.has_ciphertext() {
            return Err(Malformed);
        }
        // What stands before the nonce, and behind the tag if that stands before it too.
        let mut head = start;
        for part in &group.parts {
            let place = start..start + part.bytes().unwrap_or(variable);
            start = place.end;
            match part {
                Part::Nonce(_) => {
                    self.bound = head..place.start;
                    self.nonce = place;
                }
                Part::Ciphertext => self.ciphertext = place,
                Part::Tag(_) => {
                    head = place.end;
                    self.tag = place;
                }
                Part::Salt(_) => self.salt = place,
                Part::Label(_) => self.label = Some(place),
                Part::TaggedLabel => {
                    let label = label::tagged(&self.decoded[place.clone()]).ok_or(Malformed)?;
                    variable = variable.checked_sub(label.end).ok_or(Malformed)?;
                    start = place.start + label.end;
                    self.label = Some(place.start + label.start..start);
                }
                Part::WrappedKey => {
                    let key =
                        wrapped_after_length(&self.decoded[place.clone()]).ok_or(Malformed)?;
                    variable = variable.checked_sub(key.end).ok_or(Malformed)?;
                    start = place.start + key.end;
                    self.wrapped_key = place.start + key.start..start;
                }
                Part::Time => self.frame.extend_from_slice(&self.decoded[place]),
                Part::DataKey(_) => self.data_key = place,
                Part::Fixed(fixed) if self.decoded[place.clone()] != fixed[..] => {
                    return Err(Malformed);
                }
                Part::Fixed(_) => {}
            }
        }
        Ok(())
    }

    fn stored(&mut self, template: &Template) -> Stored<'_> {
        if template.data_key_bytes > 0 {
            for range in [&self.nonce, &self.ciphertext, &self.tag] {
                self.frame.extend_from_slice(&self.decoded[range.clone()]);
            }
        }
        let outer = self.parts();
        let sealed_key = &self.decoded[self.data_key.clone()];
        let (parts, inner) = match data_key_parts(sealed_key) {
            Some(parts) => (parts, Some(outer)),
            None => (outer, None),
        };
        Stored { parts, inner, ..self.whole() }
    }

    /// All that was noted, with the parts of the value itself.
    pub(super) fn whole(&self) -> Stored<'_> {
        Stored {
            parts: self.parts(),
            salt: &self.decoded[self.salt.clone()],
            label: self.label.as_ref().map(|label| &self.decoded[label.clone()]),
            bound: &self.decoded[self.bound.clone()],
            frame: &self.frame,
            inner: None,
            is_compressed: self.is_compressed,
            wrapped_key: &self.decoded[self.wrapped_key.clone()],
            key_version: self.key_version.as_ref().map(|version| &self.decoded[version.clone()]),
        }
    }

    fn take_wrapped(&mut self, encoding: Encoding, stored: &[u8]) -> Result<(), Malformed> {
        let start = self.decoded.len();
        encoding.decode(stored, &mut self.unwrapped, &mut self.decoded)?;
        self.wrapped_key = start..self.decoded.len();
        if self.wrapped_key.is_empty() { Err(Malformed) } else { Ok(()) }
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            nonce: &self.decoded[self.nonce.clone()],
            ciphertext: &self.decoded[self.ciphertext.clone()],
            tag: &self.decoded[self.tag.clone()],
        }
    }
}

/// Bytes of nonce and tag around the ciphertext of a data key.
const DATA_KEY_NONCE: usize = NonceLength::Twelve.bytes();
const DATA_KEY_TAG: usize = 16;

/// A sealed data key: nonce12 ct tag16.
fn data_key_parts(sealed: &[u8]) -> Option<Parts<'_>> {
    let (nonce, rest) = sealed.split_at_checked(DATA_KEY_NONCE)?;
    let (ciphertext, tag) = rest.split_at_checked(rest.len().checked_sub(DATA_KEY_TAG)?)?;
    Some(Parts { nonce, ciphertext, tag })
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value does not have the shape of its layout")
    }
}

impl std::error::Error for Malformed {}
