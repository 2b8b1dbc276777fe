//! The additional authenticated data of a value: a template over the names and columns of its row.

use std::fmt;

use super::LayoutError;
use super::scan::{Piece, pieces};

/// Text with `{table}`, `{column}`, `{kid}` for the label of the key, and `{NAME}` or `{col:NAME}` for a
/// column of the row.
///
/// A column named `table`, `column` or `kid` can only be written as `{col:table}`. `{{` and `}}`
/// stand for braces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AadTemplate {
    template: String,
    pieces: Vec<AadPiece>,
    columns: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum AadPiece {
    Literal(String),
    Table,
    Column,
    /// The label of the key.
    Label,
    /// The value of a column, by its place in `columns`.
    Value(usize),
}

impl AadTemplate {
    pub fn parse(template: &str) -> Result<Self, LayoutError> {
        if template.is_empty() {
            return Err(LayoutError::new("the AAD template is empty")
                .hint("leave it out when values have no AAD"));
        }
        let mut columns = Vec::new();
        let mut parsed = Vec::new();
        for piece in pieces(template)? {
            parsed.push(match piece {
                Piece::Literal(text) => AadPiece::Literal(text),
                Piece::Braces("table", _) => AadPiece::Table,
                Piece::Braces("column", _) => AadPiece::Column,
                Piece::Braces("kid", _) => AadPiece::Label,
                Piece::Braces(word, offset) => {
                    let name = column_name(template, word, offset)?;
                    let known = columns.iter().position(|column| column == name);
                    AadPiece::Value(known.unwrap_or_else(|| {
                        columns.push(name.to_owned());
                        columns.len() - 1
                    }))
                }
            });
        }
        Ok(Self { template: template.to_owned(), pieces: parsed, columns })
    }

    /// As it was written.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The columns of the row it reads, in order, each once.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Takes its columns from these places of a longer list.
    pub(super) fn move_to(&mut self, places: &[usize], columns: &[String]) {
        for piece in &mut self.pieces {
            if let AadPiece::Value(place) = piece {
                *place = places[*place];
            }
        }
        self.columns = columns.to_vec();
    }

    /// Whether it depends on the label of the key.
    pub fn needs_label(&self) -> bool {
        self.pieces.contains(&AadPiece::Label)
    }

    /// Renders the AAD into `out`, replacing what was there. The texts of the row are those of
    /// [`AadTemplate::columns`], in their order; one that is absent counts as NULL.
    pub fn render(
        &self,
        row: &RowTexts<'_>,
        label: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), AadMissing> {
        out.clear();
        for piece in &self.pieces {
            out.extend_from_slice(match piece {
                AadPiece::Literal(text) => text.as_bytes(),
                AadPiece::Table => row.table.as_bytes(),
                AadPiece::Column => row.column.as_bytes(),
                AadPiece::Label => label.ok_or(AadMissing)?.as_bytes(),
                AadPiece::Value(place) => row.text(*place).ok_or(AadMissing)?,
            });
        }
        Ok(())
    }
}

/// The names and texts of a row that additional data is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowTexts<'a> {
    /// What `{table}` stands for.
    pub table: &'a str,
    /// What `{column}` stands for.
    pub column: &'a str,
    /// The row's texts.
    pub texts: &'a [Option<&'a [u8]>],
    /// Where each column of the template stands among the texts.
    pub places: &'a [usize],
}

impl<'a> RowTexts<'a> {
    /// The text of the template's column number `column`; `None` when it is NULL.
    fn text(&self, column: usize) -> Option<&'a [u8]> {
        self.texts.get(*self.places.get(column)?).copied().flatten()
    }
}

fn column_name<'t>(template: &str, word: &'t str, offset: usize) -> Result<&'t str, LayoutError> {
    match word.strip_prefix("col:").unwrap_or(word) {
        "" => Err(LayoutError::at(template, offset, "a column without a name")
            .hint("write {col:NAME} or {NAME} for a column of the row, `{{` for a brace")),
        name => Ok(name),
    }
}

/// A column of the AAD is NULL, so there is nothing to authenticate the value with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AadMissing;

impl fmt::Display for AadMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column of the AAD is NULL")
    }
}

impl std::error::Error for AadMissing {}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, values: &[Option<&[u8]>]) -> Result<String, AadMissing> {
        let mut out = b"left over".to_vec();
        let template = AadTemplate::parse(template).unwrap();
        let places: Vec<usize> = (0..values.len()).collect();
        let row =
            RowTexts { table: "public.users", column: "email", texts: values, places: &places };
        template.render(&row, Some("k1"), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn names_columns_and_text() {
        let row: &[Option<&[u8]>] = &[Some(b"42"), Some(b"7")];
        assert_eq!(render("{table}:{id}:{column}", row).unwrap(), "public.users:42:email");
        assert_eq!(render("{{{org}}}/{col:id}/{org}", row).unwrap(), "{42}/7/42");
        assert_eq!(render("AES256GCM", &[]).unwrap(), "AES256GCM");
        assert_eq!(render("v{kid}", &[]).unwrap(), "vk1");
        assert_eq!(render("{col:table}-{col:col:x}", row).unwrap(), "42-7");
    }

    #[test]
    fn columns_in_order_and_once() {
        let template = AadTemplate::parse("{b}{a}{col:b}{Odd Name}{table}").unwrap();
        assert_eq!(template.columns(), ["b", "a", "Odd Name"]);
        assert_eq!(template.template(), "{b}{a}{col:b}{Odd Name}{table}");
    }

    #[test]
    fn null_and_absent_columns_are_missing_and_empty_ones_are_not() {
        assert_eq!(render("{a}{b}", &[Some(b""), None]), Err(AadMissing));
        assert_eq!(render("{a}{b}", &[Some(b"")]), Err(AadMissing));
        assert_eq!(render("{a}{b}", &[Some(b""), Some(b"")]).unwrap(), "");
    }

    #[test]
    fn refusals() {
        for (template, message) in [
            ("", "the AAD template is empty"),
            ("{}", "a column without a name (at character 2)"),
            ("ü{col:}", "a column without a name (at character 3)"),
            ("{a", "a `{` without its `}` (at character 1)"),
            ("a}", "a `}` without its `{` (at character 2)"),
        ] {
            let refused = AadTemplate::parse(template).unwrap_err();
            assert_eq!(refused.to_string(), message);
            assert!(refused.hint.is_some());
        }
    }
}
