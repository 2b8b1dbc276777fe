//! The pieces of a value that is spread over several columns of its row, or several fields of an object.
//!
//! To the rest of the layout such a value is one string of bytes, a [`cell`](crate::cell). Each piece has a
//! [`Role`]: most have a template of their own, which takes part in what the value is made of (nonce, tag, key
//! label, sealed data key). A role that hands its bytes on as something else is another variant there, and one
//! more arm in `decode` and `encode`.

use super::{Part, PieceText, Segment, Sequence, Template};
use crate::layout::LayoutError;
use crate::layout::encoding::Encoding;

/// What a value is spread over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Nothing: it is the text or the bytes of one cell.
    Cell,
    /// Columns of its row.
    Columns,
    /// Fields of a JSON object.
    Fields,
}

/// One column's or field's share of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub(in crate::layout) name: String,
    pub(in crate::layout) role: Role,
    pub(in crate::layout) may_be_null: bool,
}

/// What a piece is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::layout) enum Role {
    /// Parts of the value.
    Template(Sequence),
    /// Nothing: another layout of the column has it, and values of this one leave it NULL.
    Absent,
    /// The data key, as a KMS key has wrapped it.
    WrappedKey(WrappedEncoding),
    /// The version of that KMS key, as text.
    KeyVersion,
}

/// How a wrapped data key is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layout) struct WrappedEncoding {
    pub(in crate::layout) encoding: Encoding,
    /// Whether what was wrapped is text already, as Vault's is.
    pub(in crate::layout) is_text: bool,
}

impl Piece {
    /// A column that holds the label of a key and nothing else, if it holds anything.
    pub(in crate::layout) fn label(name: &str) -> Self {
        let role = Role::Template(Sequence { segments: vec![Segment::Label], pivot: 0 });
        Self { name: name.to_owned(), role, may_be_null: true }
    }

    /// A column that is another layout's.
    pub(in crate::layout) fn absent(name: &str) -> Self {
        Self { name: name.to_owned(), role: Role::Absent, may_be_null: true }
    }

    /// Of its column or field; empty for the column of the value itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it may be missing when the value is read. It is written all the same.
    pub fn may_be_null(&self) -> bool {
        self.may_be_null
    }

    /// Whether every byte of it is ASCII other than NUL, so that it fits a text column.
    pub fn is_text(&self) -> bool {
        if let Role::WrappedKey(wrapped) = &self.role {
            return wrapped.is_text || wrapped.encoding.is_text();
        }
        self.segments().iter().all(|segment| match segment {
            Segment::Literal(bytes) => bytes.iter().all(|byte| matches!(byte, 1..=127)),
            Segment::Label => true,
            Segment::Group(group) => group.encoding.is_text(),
        })
    }

    /// Whether it is the label of the key and nothing else, which may be a number.
    pub fn is_label(&self) -> bool {
        self.role == Role::KeyVersion || *self.segments() == [Segment::Label]
    }

    pub(in crate::layout) fn is_absent(&self) -> bool {
        self.role == Role::Absent
    }

    pub(in crate::layout) fn segments(&self) -> &[Segment] {
        match &self.role {
            Role::Template(sequence) => &sequence.segments,
            Role::Absent | Role::WrappedKey(_) | Role::KeyVersion => &[],
        }
    }

    /// Whether the wrapped data key, or the version of its KMS key, has a part in it.
    pub(in crate::layout) fn holds_data_key(&self) -> bool {
        let is_wrapped = |segment: &Segment| matches!(segment, Segment::Group(group) if group.parts.contains(&Part::WrappedKey));
        matches!(self.role, Role::WrappedKey(_) | Role::KeyVersion)
            || self.segments().iter().any(is_wrapped)
    }

    fn has_ciphertext(&self) -> bool {
        let mut segments = self.segments().iter();
        segments.any(|segment| matches!(segment, Segment::Group(group) if group.has_ciphertext()))
    }
}

impl Template {
    /// Puts the piece of the ciphertext first, and refuses what is no piece.
    pub(super) fn order_pieces(&mut self) -> Result<(), LayoutError> {
        let place = self.pieces.iter().position(Piece::has_ciphertext).unwrap_or_default();
        if self.over == Over::Columns && place > 0 {
            let what = format!("the ciphertext stands in the column {}", self.pieces[place].name);
            return Err(LayoutError::new(what).hint(
                "name the value by the column of its ciphertext, and under `beside` the others",
            ));
        }
        let main = self.pieces.remove(place);
        self.pieces.insert(0, main);
        if self.over == Over::Fields && self.pieces.len() == 1 {
            let hint = "name it at the end of the path: json = [\"$.name\"]";
            return Err(LayoutError::new("a value in one field is no object").hint(hint));
        }
        if self.pieces[0].may_be_null {
            return Err(LayoutError::new("the ciphertext cannot be missing"));
        }
        let is_template = |segment: &Segment| !matches!(segment, Segment::Literal(_));
        let templates =
            || self.pieces.iter().filter(|piece| matches!(piece.role, Role::Template(_)));
        let bare = templates().find(|piece| !piece.segments().iter().any(is_template));
        if let Some(piece) = bare {
            let what = format!("what `{}` holds is no template", piece.name);
            return Err(LayoutError::new(what).hint("for example {hex(nonce12)} or {raw(tag16)}"));
        }
        let raw = self.pieces.iter().find(|piece| !piece.is_text());
        if let Some(piece) = raw.filter(|_| self.over == Over::Fields) {
            let what = format!("the field `{}` cannot hold a raw piece", piece.name);
            return Err(LayoutError::new(what).hint("use hex or base64"));
        }
        Ok(())
    }

    /// The segments of all pieces, those of each together.
    pub(in crate::layout) fn sequences(&self) -> impl Iterator<Item = &[Segment]> {
        self.pieces.iter().map(Piece::segments)
    }

    /// The same layout in a cell that has these pieces: those it lacks it leaves NULL.
    pub(in crate::layout) fn among(self, names: &[&str]) -> Result<Self, LayoutError> {
        let other = self.pieces[1..].iter().find(|piece| !names.contains(&&*piece.name));
        if let Some(piece) = other {
            let what = format!("values that are read lie in `{}` too", piece.name);
            return Err(LayoutError::new(what).hint(
                "the layout that is written has to have it as well, or it would stay behind",
            ));
        }
        let mut pieces = self.pieces.into_iter();
        let main = pieces.next();
        let mut left: Vec<Piece> = pieces.collect();
        let beside = names.iter().map(|name| {
            let known = left.iter().position(|piece| piece.name == *name);
            known.map_or_else(|| Piece::absent(name), |place| left.swap_remove(place))
        });
        let pieces = main.into_iter().chain(beside).collect();
        Ok(Self { over: Over::Columns, pieces, ..self })
    }
}

/// All templates as one text, the same for the same.
pub(super) fn text(over: Over, texts: &[PieceText<'_>]) -> String {
    let piece = |text: &PieceText<'_>| {
        let null = if text.may_be_null { " or NULL" } else { "" };
        match text.name {
            "" => text.template.to_owned(),
            name => format!("{name}: {}{null}", text.template),
        }
    };
    let pieces: Vec<String> = texts.iter().map(piece).collect();
    match over {
        Over::Fields => format!("fields {}", pieces.join("; ")),
        Over::Cell | Over::Columns => pieces.join("; "),
    }
}
