//! Where in a cell values stand: the cell itself, or the strings of a document. Bytes in, bytes out.
//!
//! A column of text may hold documents as well: a cell that has the shape of a value is one, any other that is a
//! JSON object or array is taken apart.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::catalogue::{Kind, TableFacts};
use crate::config::{ColumnConfig, TableConfig};
use crate::document::{Content, Document, Selection, Token};

/// What a configuration says of one column: for each of its lines, the paths to values in documents, and none
/// when the cell is the value.
pub type Named = Vec<Option<Selection>>;

/// What is known beforehand of where values stand; nothing when there is no configuration to compare with.
#[derive(Clone, Debug, Default)]
pub struct Spots {
    tables: Option<Arc<[TableConfig]>>,
}

/// One value of a cell.
pub struct Spot<'d> {
    pub stored: Cow<'d, [u8]>,
    pub in_document: bool,
    /// Whether the configuration leads to it.
    pub is_named: bool,
    /// The byte of the document at which it begins.
    at: usize,
}

/// Wherever in a document it stands.
static EVERY_STRING: LazyLock<Selection> = LazyLock::new(Selection::every_string);

impl Spots {
    /// Those that these tables name.
    pub fn of(tables: &[TableConfig]) -> Self {
        Self { tables: Some(tables.into()) }
    }

    /// Where the values of a column should stand; `None` when nobody says.
    pub fn of_column(&self, table: &TableFacts, column: &str) -> Option<Named> {
        let tables = self.tables.as_ref()?.iter().filter(|config| table.is_named_by(config));
        let columns = tables.flat_map(|config| &config.columns);
        let paths = |config: &ColumnConfig| config.paths.clone();
        Some(columns.filter(|config| config.name == column).map(paths).collect())
    }
}

impl TableFacts {
    /// Whether a configured name means the table, or every relation that holds its rows.
    pub fn is_named_by(&self, table: &TableConfig) -> bool {
        let means = |schema: &str, name: &str| {
            let of_schema = match &table.name.schema {
                Some(pattern) => pattern.matches(schema),
                None => self.is_visible,
            };
            of_schema && table.name.table.matches(name)
        };
        let is_named = means(self.relation.schema.name(), self.relation.name.name());
        is_named
            || !self.leaves.is_empty()
                && self.leaves.iter().all(|(schema, name)| means(schema, name))
    }
}

/// The values of a cell: itself, or the strings of a document. `is_value` tells whether a text is a value as it
/// stands.
pub fn of_cell<'d>(
    stored: &'d [u8],
    kind: Kind,
    named: Option<&Named>,
    is_value: impl FnOnce() -> bool,
) -> Vec<Spot<'d>> {
    let may_be_document = match kind {
        Kind::Bytea => false,
        Kind::Text => is_container(stored) && !is_value(),
        Kind::Json => true,
    };
    let document = Document::parse(stored).ok().filter(|_| may_be_document);
    let Some(document) = document else {
        if kind == Kind::Json {
            return Vec::new();
        }
        let is_named = named.is_none_or(|named| named.contains(&None));
        return vec![Spot { stored: Cow::Borrowed(stored), in_document: false, is_named, at: 0 }];
    };
    let selections = || named.into_iter().flatten().flatten();
    let named_at: Vec<usize> = selections()
        .filter_map(|selection| document.select(selection).ok())
        .flat_map(|tokens| tokens.into_iter().map(|token| token.at))
        .collect();
    let spot = |token: Token<'d>| {
        let stored = match token.content() {
            Content::Text(Cow::Borrowed(text)) => Cow::Borrowed(text.as_bytes()),
            Content::Text(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
            Content::NoString | Content::NotUnicode => return None,
        };
        let is_named = named.is_none() || named_at.contains(&token.at);
        Some(Spot { stored, in_document: true, is_named, at: token.at })
    };
    let tokens = document.select(&EVERY_STRING).unwrap_or_default();
    tokens.into_iter().filter_map(spot).collect()
}

/// Whether a text begins as an object or an array does.
fn is_container(text: &[u8]) -> bool {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
}

impl Spot<'_> {
    /// The path to it in the cell that it was found in, with every index of an array as `[*]`.
    pub fn path(&self, cell: &[u8]) -> Option<String> {
        let document = Document::parse(cell).ok().filter(|_| self.in_document)?;
        Some(without_indexes(&document.path_at(self.at)))
    }
}

/// `$['a'][7]['b']` becomes `$['a'][*]['b']`.
fn without_indexes(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(bracket) = rest.find('[') {
        let (before, inside) = rest.split_at(bracket + 1);
        text.push_str(before);
        let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
        let is_index = digits > 0 && inside[digits..].starts_with(']');
        text.push_str(if is_index { "*" } else { "" });
        rest = if is_index { &inside[digits..] } else { inside };
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, kind: Kind, named: Option<&Named>) -> Vec<(String, bool, bool)> {
        let spots = of_cell(text.as_bytes(), kind, named, || false);
        let spot = |spot: Spot<'_>| {
            (String::from_utf8_lossy(&spot.stored).into_owned(), spot.in_document, spot.is_named)
        };
        spots.into_iter().map(spot).collect()
    }

    #[test]
    fn a_cell_is_a_value_or_a_document() {
        let one = |text: &str| (text.to_owned(), false, true);
        assert_eq!(found("text", Kind::Text, None), [one("text")]);
        assert_eq!(found("\"text\"", Kind::Text, None), [one("\"text\"")]);
        assert_eq!(found("{torn", Kind::Text, None), [one("{torn")]);
        let inside = |text: &str| (text.to_owned(), true, true);
        assert_eq!(found(" {\"a\": [\"x\", 5]}", Kind::Text, None), [inside("x")]);
        assert_eq!(found("\"x\"", Kind::Json, None), [inside("x")]);
        assert_eq!(found("{\"a\": 5}", Kind::Bytea, None), [one("{\"a\": 5}")]);
        let as_it_stands = of_cell(b"{\"a\":1}", Kind::Text, None, || true);
        assert!(!as_it_stands[0].in_document);
    }

    #[test]
    fn paths_say_which_strings_are_named() {
        let paths = Selection::parse(&["$.a", "$.l[*].b"]).expect("paths");
        let text = r#"{"a": "1", "c": "2", "l": [{"b": "3"}, {"d": "4"}]}"#;
        let names = |named: &Named| -> Vec<bool> {
            found(text, Kind::Json, Some(named)).into_iter().map(|(_, _, named)| named).collect()
        };
        assert_eq!(names(&vec![Some(paths.clone())]), [true, false, true, false]);
        assert_eq!(names(&vec![None]), [false; 4], "the cell is said to be the value");
        assert_eq!(names(&vec![]), [false; 4]);
        assert!(!found("text", Kind::Text, Some(&vec![Some(paths)]))[0].2);
    }

    #[test]
    fn a_path_says_where_without_saying_which() {
        for (path, expected) in [
            ("$['a'][12]['b']", "$['a'][*]['b']"),
            ("$[0][1]", "$[*][*]"),
            ("$['a[1]']['[x']", "$['a[*]']['[x']"),
            ("$", "$"),
        ] {
            assert_eq!(without_indexes(path), expected);
        }
    }
}
