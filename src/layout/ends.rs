//! Where a segment ends, read from the left, or begins, read from the right.

use super::encoding::{has_line_break, is_line_break};
use super::template::{Group, Segment};

/// Where a label of text ends that `text` begins with: where the text behind it begins.
pub(super) fn label_end(text: &[u8], next: Option<&Segment>) -> Option<usize> {
    match next {
        Some(Segment::Literal(literal)) => {
            text.windows(literal.len()).position(|window| window == literal)
        }
        _ => Some(text.len()),
    }
}

/// Where a label of text begins that `text` ends with: where the text before it ends.
pub(super) fn label_start(text: &[u8], before: Option<&Segment>) -> Option<usize> {
    match before {
        Some(Segment::Literal(literal)) => {
            let place = text.windows(literal.len()).rposition(|window| window == literal)?;
            Some(place + literal.len())
        }
        _ => None,
    }
}

/// Where a group of fixed length ends that `text` begins with: after its characters, line feeds
/// between them, and its padding if that is there, with line feeds before it if `loose`.
pub(super) fn end_from_left(group: &Group, text: &[u8], loose: bool) -> Option<usize> {
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
pub(super) fn start_from_right(group: &Group, text: &[u8]) -> Option<usize> {
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
pub(super) fn is_text_without_line_break(segment: &Segment) -> bool {
    match segment {
        Segment::Literal(literal) => !literal.first().copied().is_some_and(is_line_break),
        Segment::Group(_) | Segment::Label => false,
    }
}

pub(super) fn after_line_breaks(text: &[u8]) -> &[u8] {
    let breaks = text.iter().take_while(|byte| is_line_break(**byte)).count();
    &text[breaks..]
}
