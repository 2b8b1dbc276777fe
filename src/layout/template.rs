//! Reads a template into segments, and refuses the ones that could be read in two ways.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::encoding::{Encoding, NAMES};
use super::scan::{Piece, pieces};
use super::{Layout, LayoutError};
use crate::crypto::NonceLength;
use crate::error::did_you_mean;

/// A stretch of a stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(Vec<u8>),
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
    /// Bytes of the tag, 12 to 16.
    Tag(usize),
    Fixed(Vec<u8>),
}

impl Part {
    /// `None` for the ciphertext.
    pub(super) fn bytes(&self) -> Option<usize> {
        match self {
            Self::Nonce(length) => Some(length.bytes()),
            Self::Ciphertext => None,
            Self::Tag(bytes) => Some(*bytes),
            Self::Fixed(fixed) => Some(fixed.len()),
        }
    }
}

impl Group {
    pub(super) fn has_ciphertext(&self) -> bool {
        self.parts.contains(&Part::Ciphertext)
    }

    /// Bytes of all parts but the ciphertext.
    pub(super) fn fixed_bytes(&self) -> usize {
        self.parts.iter().filter_map(Part::bytes).sum()
    }
}

pub(super) fn parse(template: &str) -> Result<Layout, LayoutError> {
    let mut reader = Reader { template, nonce: None, tag: None, pivot: None };
    let mut segments = Vec::new();
    for piece in pieces(template)? {
        match piece {
            Piece::Literal(text) => segments.push(Segment::Literal(text.into_bytes())),
            Piece::Braces(inside, offset) => {
                let group = reader.group(inside, offset, segments.len())?;
                segments.push(Segment::Group(group));
            }
        }
    }
    let missing = |part: &str| {
        LayoutError::new(format!("the template has no {part}"))
            .hint("a template has exactly one nonce, one `ct` and one tag: {raw(nonce12 ct tag16)}")
    };
    let pivot = reader.pivot.ok_or_else(|| missing("ct"))?;
    let nonce = reader.nonce.ok_or_else(|| missing("nonce"))?;
    let tag_bytes = reader.tag.ok_or_else(|| missing("tag"))?;
    refuse_two_splits(&segments, pivot)?;
    Ok(Layout { template: template.to_owned(), segments, pivot, nonce, tag_bytes })
}

/// What has been seen of a template so far.
struct Reader<'t> {
    template: &'t str,
    nonce: Option<NonceLength>,
    tag: Option<usize>,
    /// The segment that holds the ciphertext.
    pivot: Option<usize>,
}

impl Reader<'_> {
    fn error(&self, offset: usize, what: impl Into<String>) -> LayoutError {
        LayoutError::at(self.template, offset, what)
    }

    /// `ENC(parts)`, found at `offset`.
    fn group(&mut self, inside: &str, offset: usize, at: usize) -> Result<Group, LayoutError> {
        let Some((name, rest)) = inside.split_once('(') else {
            if inside == "kid" {
                return Err(LayoutError::not_yet(self.template, offset, "{kid}"));
            }
            return Err(self
                .error(offset, format!("`{inside}` is not an encoding with its parts"))
                .hint(
                    "for example {raw(nonce12 ct tag16)} or {hex(ct)}; `{{` is a brace in the text",
                ));
        };
        let encoding = self.encoding(name, offset)?;
        let mut offset = offset + name.len() + 1;
        let Some(words) = rest.strip_suffix(')') else {
            return Err(self.error(offset + rest.len(), "the group should end with `)}`"));
        };
        let mut parts = Vec::new();
        for word in words.split(' ') {
            if !word.is_empty() {
                parts.push(self.part(word, offset, at)?);
            }
            offset += word.len() + 1;
        }
        if parts.is_empty() {
            return Err(self.error(offset - 1, "a group without parts"));
        }
        Ok(Group { encoding, parts })
    }

    fn encoding(&self, name: &str, offset: usize) -> Result<Encoding, LayoutError> {
        if let Some((_, encoding)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(*encoding);
        }
        if name == "b64mime76" {
            return Err(LayoutError::not_yet(self.template, offset, name));
        }
        let names = NAMES.map(|(known, _)| known);
        let all = || format!("encodings: {}", names.join(" "));
        let hint = did_you_mean(name, names).unwrap_or_else(all);
        Err(self.error(offset, format!("`{name}` is not an encoding")).hint(hint))
    }

    fn part(&mut self, word: &str, offset: usize, at: usize) -> Result<Part, LayoutError> {
        let part = self.word(word, offset)?;
        let first = match &part {
            Part::Nonce(length) => self.nonce.replace(*length).is_none(),
            Part::Tag(bytes) => self.tag.replace(*bytes).is_none(),
            Part::Ciphertext => self.pivot.replace(at).is_none(),
            Part::Fixed(_) => true,
        };
        if first {
            return Ok(part);
        }
        let what = match part {
            Part::Ciphertext => "a second ct: a value could be split in more than one way",
            Part::Nonce(_) => "a second nonce",
            _ => "a second tag",
        };
        Err(self.error(offset, what).hint("a template has exactly one nonce, one `ct` and one tag"))
    }

    fn word(&self, word: &str, offset: usize) -> Result<Part, LayoutError> {
        if word == "ct" {
            return Ok(Part::Ciphertext);
        }
        if let Some(digits) = word.strip_prefix('x') {
            return self.fixed(digits, offset);
        }
        let digits = word.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let (name, number) = (&word[..word.len() - digits.len()], digits.parse::<usize>().ok());
        match (name, number) {
            ("nonce", number) => {
                let length = number.and_then(NonceLength::from_bytes).map(Part::Nonce);
                length.ok_or_else(|| self.error(offset, "a nonce is `nonce12` or `nonce16`"))
            }
            ("tag", Some(bytes @ 12..=16)) => Ok(Part::Tag(bytes)),
            ("tag", _) => {
                Err(self.error(offset, "a tag is `tag16`, or `tag12` to `tag15` to read"))
            }
            ("tlvkid", None) | ("salt" | "kid", _) => {
                Err(LayoutError::not_yet(self.template, offset, word))
            }
            _ => Err(self.error(offset, format!("`{word}` is not a part")).hint(
                "parts: nonce12 nonce16 (the iv), ct (the ciphertext), tag12 to tag16, \
                 xHEX (fixed bytes), with spaces between them",
            )),
        }
    }

    fn fixed(&self, digits: &str, offset: usize) -> Result<Part, LayoutError> {
        match HEXLOWER_PERMISSIVE.decode(digits.as_bytes()) {
            Ok(fixed) if !fixed.is_empty() => Ok(Part::Fixed(fixed)),
            _ => Err(self
                .error(offset, format!("`x{digits}` is not `x` and pairs of hexadecimal digits"))
                .hint("for example x01 for the byte 1")),
        }
    }
}

/// What stands before the ciphertext is read from the left, by its length. Base64 may be read with
/// or without padding, so what follows it must not look like padding. (What stands behind the
/// ciphertext is read from the right, where padding cannot be mistaken.)
fn refuse_two_splits(segments: &[Segment], pivot: usize) -> Result<(), LayoutError> {
    for (place, segment) in segments[..pivot].iter().enumerate() {
        let Segment::Group(group) = segment else { continue };
        if group.encoding.padding(group.fixed_bytes()) == 0 {
            continue;
        }
        // A ciphertext alone in its group may be empty; then what stands behind it follows.
        let follows = segments[place + 1..].iter().find(|next| is_raw(next) || !may_be_empty(next));
        let what = match follows {
            Some(Segment::Literal(literal)) if literal.starts_with(b"=") => {
                "text that begins with `=`"
            }
            Some(next) if is_raw(next) => "a raw group",
            _ => continue,
        };
        let what = format!(
            "two ways to split a value: {what} follows base64, which may or may not be padded"
        );
        return Err(LayoutError::new(what).hint("put a separator such as `:` between the two"));
    }
    Ok(())
}

fn is_raw(segment: &Segment) -> bool {
    matches!(segment, Segment::Group(group) if !group.encoding.is_text())
}

fn may_be_empty(segment: &Segment) -> bool {
    matches!(segment, Segment::Group(group) if group.parts == [Part::Ciphertext])
}
