//! Takes a stored value apart: from the left up to the ciphertext, from the right down to it.
//!
//! Everything but the ciphertext has a fixed length, so no place is ever searched for or guessed.

use std::fmt;
use std::ops::Range;

use super::encoding::{has_line_break, is_line_break};
use super::template::{Group, Part, Segment};
use super::{Layout, Parts};

/// Room for the decoded parts of one value after another.
#[derive(Debug, Default)]
pub struct DecodeBuffer {
    decoded: Vec<u8>,
    /// A group's text with the line feeds taken out.
    unwrapped: Vec<u8>,
    nonce: Range<usize>,
    ciphertext: Range<usize>,
    tag: Range<usize>,
}

/// The value does not have the shape of the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

pub(super) fn decode<'b>(
    layout: &Layout,
    stored: &[u8],
    buffer: &'b mut DecodeBuffer,
) -> Result<Parts<'b>, Malformed> {
    buffer.decoded.clear();
    let (before, after) = layout.segments.split_at(layout.pivot);
    let mut rest = stored;
    for (place, segment) in before.iter().enumerate() {
        rest = match segment {
            Segment::Literal(literal) => rest.strip_prefix(&literal[..]).ok_or(Malformed)?,
            Segment::Group(group) => {
                // Line feeds behind a group are its own only when nothing else can begin with one.
                let loose = is_text_without_line_break(&layout.segments[place + 1]);
                let end = end_from_left(group, rest, loose).ok_or(Malformed)?;
                let (text, rest) = rest.split_at(end);
                buffer.take(group, text)?;
                if loose { after_line_breaks(rest) } else { rest }
            }
        };
    }
    let (pivot, after) = after.split_first().ok_or(Malformed)?;
    for segment in after.iter().rev() {
        rest = match segment {
            Segment::Literal(literal) => rest.strip_suffix(&literal[..]).ok_or(Malformed)?,
            Segment::Group(group) => {
                let (rest, text) = rest.split_at(start_from_right(group, rest).ok_or(Malformed)?);
                buffer.take(group, text)?;
                rest
            }
        };
    }
    if let Segment::Group(group) = pivot {
        buffer.take(group, rest)?;
    }
    Ok(buffer.parts())
}

impl DecodeBuffer {
    /// Decodes a group and notes where its parts lie.
    fn take(&mut self, group: &Group, text: &[u8]) -> Result<(), Malformed> {
        let mut start = self.decoded.len();
        group.encoding.decode(text, &mut self.unwrapped, &mut self.decoded)?;
        let bytes = self.decoded.len() - start;
        let variable = bytes.checked_sub(group.fixed_bytes()).ok_or(Malformed)?;
        if variable > 0 && !group.has_ciphertext() {
            return Err(Malformed);
        }
        for part in &group.parts {
            let place = start..start + part.bytes().unwrap_or(variable);
            start = place.end;
            match part {
                Part::Nonce(_) => self.nonce = place,
                Part::Ciphertext => self.ciphertext = place,
                Part::Tag(_) => self.tag = place,
                Part::Fixed(fixed) if self.decoded[place.clone()] != fixed[..] => {
                    return Err(Malformed);
                }
                Part::Fixed(_) => {}
            }
        }
        Ok(())
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            nonce: &self.decoded[self.nonce.clone()],
            ciphertext: &self.decoded[self.ciphertext.clone()],
            tag: &self.decoded[self.tag.clone()],
        }
    }
}

/// Where a group of fixed length ends that `text` begins with: after its characters, line feeds
/// between them, and its padding if that is there, with line feeds before it if `loose`.
fn end_from_left(group: &Group, text: &[u8], loose: bool) -> Option<usize> {
    let (bytes, encoding) = (group.fixed_bytes(), group.encoding);
    let characters = encoding.characters(bytes);
    if !encoding.is_text() {
        return (characters <= text.len()).then_some(characters);
    }
    let end = match text.get(..characters) {
        Some(unbroken) if !has_line_break(unbroken) => characters,
        _ => significant(text).nth(characters.checked_sub(1)?)?.0 + 1,
    };
    let padding = encoding.padding(bytes);
    let is_sign = |byte: u8| byte == b'=' || loose && is_line_break(byte);
    let behind = text.iter().enumerate().skip(end).take_while(|(_, byte)| is_sign(**byte));
    let mut signs = behind.filter(|(_, byte)| **byte == b'=');
    let last = padding.checked_sub(1).and_then(|others| signs.nth(others));
    Some(last.map_or(end, |(place, _)| place + 1))
}

/// Where a group of fixed length starts that `text` ends with: its padding if that is there, line
/// feeds, and its characters.
fn start_from_right(group: &Group, text: &[u8]) -> Option<usize> {
    let (bytes, encoding) = (group.fixed_bytes(), group.encoding);
    let characters = encoding.characters(bytes);
    if !encoding.is_text() {
        return text.len().checked_sub(characters);
    }
    let padding = encoding.padding(bytes);
    if padding == 0
        && let Some(start) = text.len().checked_sub(characters)
        && !has_line_break(&text[start..])
    {
        return Some(start);
    }
    let mut backwards = significant(text).rev();
    let found = backwards.clone().take(padding).take_while(|(_, byte)| *byte == b'=').count();
    Some(backwards.nth(found + characters.checked_sub(1)?)?.0)
}

/// All but the line feeds, and where they stand.
fn significant(text: &[u8]) -> impl DoubleEndedIterator<Item = (usize, u8)> + Clone {
    text.iter().copied().enumerate().filter(|(_, byte)| !is_line_break(*byte))
}

/// Text between groups that does not begin with a line feed.
fn is_text_without_line_break(segment: &Segment) -> bool {
    match segment {
        Segment::Literal(literal) => !literal.first().copied().is_some_and(is_line_break),
        Segment::Group(_) => false,
    }
}

fn after_line_breaks(text: &[u8]) -> &[u8] {
    let breaks = text.iter().take_while(|byte| is_line_break(**byte)).count();
    &text[breaks..]
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value does not have the shape of its layout")
    }
}

impl std::error::Error for Malformed {}
