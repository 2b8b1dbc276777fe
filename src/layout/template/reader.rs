//! Reads templates into segments, and refuses the ones that could be read in two ways.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::spread::WrappedEncoding;
use super::{Group, Over, Part, Piece, Role, Segment, Sequence, TIME_BYTES, Template};
use crate::crypto::{NonceLength, NonceSource};
use crate::error::did_you_mean;
use crate::layout::LayoutError;
use crate::layout::encoding::{Encoding, NAMES};
use crate::layout::label::LabelForm;
use crate::layout::scan::{self, pieces};
use crate::layout::splits;

/// The template of one piece.
#[derive(Clone, Copy, Debug)]
pub(in crate::layout) struct PieceText<'t> {
    /// Of its column or field; empty for the column of the value itself.
    pub(in crate::layout) name: &'t str,
    pub(in crate::layout) template: &'t str,
    /// It may be missing when the value is read, and is written.
    pub(in crate::layout) may_be_null: bool,
    /// What it holds instead of what a template says.
    pub(in crate::layout) given: Option<Given>,
}

/// What stands beside a value with a wrapped data key.
#[derive(Clone, Copy, Debug)]
pub(in crate::layout) enum Given {
    WrappedKey(WrappedEncoding),
    KeyVersion,
}

impl Given {
    /// The same for the same.
    pub(in crate::layout) fn name(&self) -> &'static str {
        match self {
            Self::WrappedKey(WrappedEncoding { encoding, .. }) => {
                NAMES.iter().find(|(_, known)| known == encoding).map_or("", |(name, _)| name)
            }
            Self::KeyVersion => "version",
        }
    }
}

impl PieceText<'_> {
    fn of_role(&self, role: Role) -> Piece {
        Piece { name: self.name.to_owned(), role, may_be_null: self.may_be_null }
    }
}

/// Reads the templates of all pieces; together they have what a template has.
pub(in crate::layout) fn parse(
    over: Over,
    texts: &[PieceText<'_>],
) -> Result<Template, LayoutError> {
    let template = Template {
        text: super::spread::text(over, texts),
        over,
        pieces: Vec::new(),
        nonce: None,
        tag_bytes: 0,
        salt_bytes: 0,
        label: None,
        has_time: false,
        data_key_bytes: 0,
        has_wrapped_key: false,
    };
    let mut reader = Reader { template, text: "", seen: Vec::new() };
    for text in texts {
        let piece = match text.given {
            None => reader.piece(text)?,
            Some(Given::WrappedKey(encoding)) => {
                reader.once(What::WrappedKey, 0)?;
                reader.template.has_wrapped_key = true;
                text.of_role(Role::WrappedKey(encoding))
            }
            Some(Given::KeyVersion) => text.of_role(Role::KeyVersion),
        };
        reader.template.pieces.push(piece);
    }
    if !reader.seen.contains(&What::Ciphertext) {
        return Err(LayoutError::new("the template has no ct")
            .hint("a template has exactly one `ct`: {raw(nonce12 ct tag16)}"));
    }
    reader.template.order_pieces()?;
    Ok(reader.template)
}

/// What a template has at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Nonce,
    Ciphertext,
    Tag,
    Salt,
    Label,
    Time,
    DataKey,
    WrappedKey,
}

/// What has been read of a template so far.
struct Reader<'t> {
    template: Template,
    /// The template that is being read.
    text: &'t str,
    seen: Vec<What>,
}

impl<'t> Reader<'t> {
    fn error(&self, offset: usize, what: impl Into<String>) -> LayoutError {
        LayoutError::at(self.text, offset, what)
    }

    fn piece(&mut self, text: &PieceText<'t>) -> Result<Piece, LayoutError> {
        self.text = text.template;
        let (mut segments, mut pivot) = (Vec::new(), None);
        for piece in pieces(text.template)? {
            let segment = match piece {
                scan::Piece::Literal(text) => Segment::Literal(text.into_bytes()),
                scan::Piece::Braces("kid", offset) => {
                    self.once(What::Label, offset)?;
                    self.template.label = Some(LabelForm::Text);
                    Segment::Label
                }
                scan::Piece::Braces(inside, offset) => {
                    let group = self.group(inside, offset)?;
                    if group.has_ciphertext() {
                        pivot = Some(segments.len());
                    }
                    Segment::Group(group)
                }
            };
            segments.push(segment);
        }
        let pivot = pivot.unwrap_or(segments.len().saturating_sub(1));
        let sequence = Sequence { segments, pivot };
        splits::refuse(&sequence)?;
        let (name, may_be_null) = (text.name.to_owned(), text.may_be_null);
        Ok(Piece { name, role: Role::Template(sequence), may_be_null })
    }

    fn once(&mut self, what: What, offset: usize) -> Result<(), LayoutError> {
        if !self.seen.contains(&what) {
            self.seen.push(what);
            return Ok(());
        }
        let what = match what {
            What::Ciphertext => "a second ct: a value could be split in more than one way",
            What::Nonce => "a second nonce",
            What::Tag => "a second tag",
            What::Salt => "a second salt",
            What::Label => "a second key label",
            What::Time => "a second time",
            What::DataKey => "a second data key",
            What::WrappedKey => "a second wrapped data key",
        };
        Err(self.error(offset, what).hint("each part stands in a template once"))
    }

    /// `ENC(parts)`, found at `offset`.
    fn group(&mut self, inside: &str, offset: usize) -> Result<Group, LayoutError> {
        let Some((name, rest)) = inside.split_once('(') else {
            let what = format!("`{inside}` is not an encoding with its parts");
            return Err(self.error(offset, what).hint(
                "for example {raw(nonce12 ct tag16)} or {hex(ct)}; {kid} is the label of the key, \
                 `{{` a brace in the text",
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
                parts.push(self.part(word, offset)?);
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
        let names = NAMES.map(|(name, _)| name);
        let hint = did_you_mean(name, names).unwrap_or_else(|| names.join(", "));
        Err(self.error(offset, format!("`{name}` is not an encoding")).hint(hint))
    }

    fn part(&mut self, word: &str, offset: usize) -> Result<Part, LayoutError> {
        let part = self.word(word, offset)?;
        let template = &mut self.template;
        let what = match &part {
            Part::Fixed(_) => return Ok(part),
            Part::Ciphertext => What::Ciphertext,
            Part::Nonce(length) => {
                template.nonce.get_or_insert(*length);
                What::Nonce
            }
            Part::Tag(bytes) => {
                template.tag_bytes = *bytes;
                What::Tag
            }
            Part::Salt(bytes) => {
                template.salt_bytes = *bytes;
                What::Salt
            }
            Part::Label(bytes) => {
                template.label = Some(LabelForm::Bytes(*bytes));
                What::Label
            }
            Part::TaggedLabel => {
                template.label = Some(LabelForm::Tagged);
                What::Label
            }
            Part::Time => {
                template.has_time = true;
                What::Time
            }
            Part::DataKey(bytes) => {
                template.data_key_bytes = *bytes;
                What::DataKey
            }
            Part::WrappedKey => {
                template.has_wrapped_key = true;
                What::WrappedKey
            }
        };
        self.once(what, offset)?;
        Ok(part)
    }

    fn word(&self, word: &str, offset: usize) -> Result<Part, LayoutError> {
        match word {
            "ct" => return Ok(Part::Ciphertext),
            "tlvkid" => return Ok(Part::TaggedLabel),
            "wrapped_u32" => return Ok(Part::WrappedKey),
            _ => {}
        }
        if let Some(digits) = word.strip_prefix('x') {
            return self.fixed(digits, offset);
        }
        let digits = word.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let (name, number) = (&word[..word.len() - digits.len()], digits.parse::<usize>().ok());
        match (name, number) {
            ("nonce", number) => {
                let length = number.and_then(NonceLength::from_bytes).map(Part::Nonce);
                length.ok_or_else(|| {
                    self.error(offset, "a nonce is `nonce12`, `nonce16` or `nonce24`")
                })
            }
            ("tag", Some(bytes @ (12..=16 | 32))) => Ok(Part::Tag(bytes)),
            ("tag", _) => {
                Err(self.error(offset, "a tag is `tag16`, `tag32`, or `tag12` to `tag15` to read"))
            }
            ("salt", Some(bytes)) if (8..=NonceSource::SALT_BYTES_MAX).contains(&bytes) => {
                Ok(Part::Salt(bytes))
            }
            ("salt", _) => Err(self.error(offset, "a salt is `salt8` to `salt64`")),
            ("kid", Some(bytes @ 1..=8)) => Ok(Part::Label(bytes)),
            ("kid", _) => Err(self
                .error(offset, "a key label in bytes is `kid1` to `kid8`")
                .hint("as text it stands alone: {kid}")),
            ("time", Some(TIME_BYTES)) => Ok(Part::Time),
            ("dek", Some(bytes @ 44..=256)) => Ok(Part::DataKey(bytes)),
            _ => Err(self.error(offset, format!("`{word}` is not a part")).hint(
                "parts: nonce12 nonce16 nonce24 (the iv), ct (the ciphertext), tag12 to tag16 and \
                 tag32, salt8 to salt64, kid1 to kid8 and tlvkid (the label of the key), time8, \
                 dek60 (a sealed data key), wrapped_u32 (one that a KMS wrapped, after its length), \
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
