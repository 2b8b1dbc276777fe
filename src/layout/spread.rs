//! Layouts of values that are spread over several columns, or over the fields of an object.
//!
//! Bytes in, parts out, as with any layout; the bytes are those of a [`cell`](crate::cell), with the pieces in
//! the order of [`Layout::beside`] behind that of the ciphertext.

use std::collections::BTreeMap;

use super::data_key::DataKeySettings;
use super::settings::PieceSettings;
use super::template::{Given, Over, Piece, PieceText, Template, parse};
use super::{Layout, LayoutError, Settings, Shape};

/// Pieces as they are said, by the names of their columns or fields.
type Words = BTreeMap<String, PieceSettings>;

impl Layout {
    /// What its values are spread over.
    pub fn over(&self) -> Over {
        match self.service() {
            Some(form) => form.over(),
            None => self.as_template().map_or(Over::Cell, |template| template.over),
        }
    }

    /// The pieces of a spread value besides that of its ciphertext, in the order of their names. Of values in one
    /// cell there is none.
    pub fn beside(&self) -> &[Piece] {
        match self.service() {
            Some(form) => form.beside(),
            None => self.as_template().map_or(&[], |template| &template.pieces[1..]),
        }
    }

    /// All fields of the object that a value is, that of its ciphertext first.
    pub fn fields(&self) -> Option<&[Piece]> {
        let template = self.as_template().filter(|template| template.over == Over::Fields)?;
        Some(&template.pieces)
    }

    fn field_names(&self) -> Option<Vec<&str>> {
        Some(self.fields()?.iter().map(Piece::name).collect())
    }

    /// The same layout outside of its column: one whose values have other columns beside them that they leave NULL
    /// is one of a single cell.
    #[must_use]
    pub fn alone(&self) -> Self {
        let mut alone = self.clone();
        if let Shape::Template(template) = &mut alone.shape
            && template.pieces.len() > 1
            && template.pieces[1..].iter().all(Piece::is_absent)
        {
            template.pieces.truncate(1);
            template.over = Over::Cell;
        }
        alone
    }

    /// The same layout, to read values of a column that is written in another one.
    pub(super) fn beside_written(self, write: &Layout) -> Result<Self, LayoutError> {
        if self.over() == Over::Fields || write.over() == Over::Fields {
            return if self.field_names() == write.field_names() {
                Ok(self)
            } else {
                Err(other_fields())
            };
        }
        let names: Vec<&str> = write.beside().iter().map(Piece::name).collect();
        if names.is_empty() && self.over() == Over::Cell {
            return Ok(self);
        }
        if let Shape::Service(form) = self.shape {
            return Ok(Self { shape: Shape::Service(form.among(&names)), ..self });
        }
        let Shape::Template(template) = self.shape else {
            let what = format!("values of {} are not spread over columns", self.name);
            return Err(LayoutError::new(what).hint("migrate them to one column first"));
        };
        Ok(Self { shape: Shape::Template(template.among(&names)?), ..self })
    }
}

fn other_fields() -> LayoutError {
    LayoutError::new(
        "all layouts of an object have the same fields, and the ciphertext in the same one",
    )
    .hint("what is spliced are strings that stand there: no field can come or go")
}

/// The template of these words.
pub(super) fn template(words: &Settings) -> Result<Template, LayoutError> {
    let given = words.data_key.as_ref().map(DataKeySettings::pieces).transpose()?;
    let (over_given, given) = given.unwrap_or((Over::Cell, Vec::new()));
    let piece = |(name, piece): (&'_ String, &'_ PieceSettings)| (name.clone(), piece.clone());
    let main = words.layout.as_deref().unwrap_or_default();
    let main = PieceText { name: "", template: main, may_be_null: false, given: None };
    let (over, beside): (_, Vec<_>) = match (&words.fields, &words.beside) {
        (Some(_), Some(_)) => {
            return Err(LayoutError::new("a value is spread over fields, or over columns")
                .hint("keep `fields` or `beside`"));
        }
        (Some(fields), None) if words.layout.is_none() => {
            (Over::Fields, fields.iter().map(piece).collect())
        }
        (Some(_), None) => {
            return Err(LayoutError::new("a template and fields say the same thing")
                .hint("keep one of them"));
        }
        (None, Some(beside)) => (Over::Columns, beside.iter().map(piece).collect()),
        (None, None) if over_given == Over::Columns => (Over::Columns, Vec::new()),
        (None, None) => (Over::Cell, Vec::new()),
    };
    match (over, over_given) {
        (Over::Fields, Over::Columns) => {
            return Err(LayoutError::new("a value over fields, and its data key in a column")
                .hint("it lies in the same object: data_key = { field = \"wrapped_dek\" }"));
        }
        (Over::Cell | Over::Columns, Over::Fields) => {
            return Err(LayoutError::new("a data key in a field, and a value that is no object")
                .hint(
                    "say what the object holds: fields = { secret = \"{b64(nonce12 ct tag16)}\" }",
                ));
        }
        _ => {}
    }
    let texts = beside.iter().map(|(name, piece)| PieceText {
        name,
        template: &piece.layout,
        may_be_null: piece.may_be_null,
        given: None,
    });
    let main = Some(main).filter(|_| over != Over::Fields);
    let given = given.iter().map(|(name, given)| PieceText {
        name,
        template: given.name(),
        // what is noted may be missing, the data key may not
        may_be_null: matches!(given, Given::KeyVersion),
        given: Some(*given),
    });
    let texts: Vec<PieceText<'_>> = main.into_iter().chain(texts).chain(given).collect();
    let is_said_before = |(n, piece): &(usize, &PieceText<'_>)| {
        texts[..*n].iter().any(|before| before.name == piece.name)
    };
    if let Some((_, piece)) = texts.iter().enumerate().find(is_said_before) {
        let what = format!("`{}` is said to hold two pieces of a value", piece.name);
        return Err(LayoutError::new(what).hint("each has a column or a field of its own"));
    }
    let is_missing = |piece: &&PieceText<'_>| piece.may_be_null && piece.given.is_none();
    if let Some(piece) = texts.iter().find(is_missing).filter(|_| over == Over::Fields) {
        let what =
            format!("the field `{}` cannot be missing: nothing is added to an object", piece.name);
        return Err(LayoutError::new(what));
    }
    parse(over, &texts)
}

/// Pieces as an application names them: `column = "{…}"`, or `column = "ROLE"` for a piece of a preset. What is
/// not named has the name of its role.
pub(super) fn named(
    own: Option<Words>,
    preset: Option<&Words>,
) -> Result<Option<Words>, LayoutError> {
    let Some(own) = own else { return Ok(preset.cloned()) };
    if own.values().all(|piece| piece.layout.contains(['{', '}'])) {
        return Ok(Some(own));
    }
    let mut left = preset.cloned().unwrap_or_default();
    let roles: Vec<String> = left.keys().cloned().collect();
    let mut words = Words::new();
    for (name, piece) in own {
        let Some(known) = left.remove(&piece.layout) else {
            let what =
                format!("`{name}` is said to be a piece that the preset does not have, or twice");
            return Err(LayoutError::new(what).hint(match roles.is_empty() {
                true => "write a template such as {hex(nonce12)}".to_owned(),
                false => format!("its pieces: {}", roles.join(", ")),
            }));
        };
        let may_be_null = known.may_be_null || piece.may_be_null;
        words.insert(name, PieceSettings { may_be_null, ..known });
    }
    words.extend(left);
    Ok(Some(words))
}
