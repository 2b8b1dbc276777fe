//! JSON text without a model of it: where its strings stand, and the same text with some of them replaced. What is
//! looked for is single strings, or objects of which several strings belong together.
//!
//! Bytes in, places out. Nothing is ever serialised again: what is not replaced is copied, so numbers, the
//! order of keys, keys that stand twice and white space stay as they are. The grammar is serde_json's, whose
//! [`RawValue`] is a slice of the text; no second reader of JSON is written here. Knows neither keys, layouts nor
//! a database, and is not async.

mod object;
mod path;
mod pattern;
mod selection;
mod splice;
mod walk;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

pub use object::{Members, Object, Wanted};
pub use pattern::PathError;
pub use selection::Selection;
pub use splice::NewValue;

/// Containers around a string, at most; as many as serde_json nests.
pub const DEPTH_MAX: usize = 128;

/// The text is no JSON (RFC 8259), or nested deeper than [`DEPTH_MAX`] where strings are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// One JSON text.
#[derive(Clone, Copy)]
pub struct Document<'d> {
    text: &'d str,
    root: &'d RawValue,
}

/// One value of a document that a path leads to: nearly always a string.
#[derive(Clone, Copy)]
pub struct Token<'d> {
    /// The byte of the document at which it begins.
    pub at: usize,
    raw: &'d str,
    /// A path names it, so that it is expected to be a ciphertext; false when it was met by `**`.
    pub is_named: bool,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'d> {
    /// A string, without its escapes.
    Text(Cow<'d, str>),
    /// A string with half of a surrogate pair, which is no text; `json` columns may hold one.
    NotUnicode,
    /// A number, `true`, `false`, an array or an object.
    NoString,
}

impl<'d> Token<'d> {
    /// As it stands in the document, with its quotes.
    pub fn raw(&self) -> &'d str {
        self.raw
    }

    pub fn content(&self) -> Content<'d> {
        content(self.raw)
    }

    /// The bytes of the document that it is.
    pub fn range(&self) -> Range<usize> {
        self.at..self.end()
    }

    pub fn is_number(&self) -> bool {
        self.raw.starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }

    fn end(&self) -> usize {
        self.at + self.raw.len()
    }
}

/// What a value says.
fn content(raw: &str) -> Content<'_> {
    match raw.strip_prefix('"').and_then(|inside| inside.strip_suffix('"')) {
        None => Content::NoString,
        Some(inside) if !inside.contains('\\') => Content::Text(Cow::Borrowed(inside)),
        Some(_) => match serde_json::from_str(raw) {
            Ok(text) => Content::Text(Cow::Owned(text)),
            Err(_) => Content::NotUnicode,
        },
    }
}

impl<'d> Document<'d> {
    /// Reads a text, strictly.
    ///
    /// # Errors
    /// It is no JSON, or not UTF-8.
    pub fn parse(text: &'d [u8]) -> Result<Self, NotJson> {
        let text = std::str::from_utf8(text).map_err(|_| NotJson)?;
        let root = serde_json::from_str(text).map_err(|_| NotJson)?;
        Ok(Self { text, root })
    }

    /// The values that the selection leads to, in the order in which they stand. `null` is none.
    ///
    /// # Errors
    /// The document is nested too deep.
    pub fn select(&self, selection: &Selection) -> Result<Vec<Token<'d>>, NotJson> {
        let mut tokens = Vec::new();
        selection.walk(self.root, &mut |raw: &'d RawValue, is_named| {
            tokens.push(Token { at: self.place(raw), raw: raw.get(), is_named });
        })?;
        Ok(tokens)
    }

    /// The path of a token: a normalized path (RFC 9535, section 2.7). The second of two equal keys is marked
    /// `#2`, half of a surrogate pair is written as its escape, and a path of more than [`path::BYTES_MAX`]
    /// bytes is cut, with a digest of the whole in the place of what is missing.
    pub fn path(&self, token: &Token<'_>) -> String {
        self.path_at(token.at)
    }

    /// … of the value that begins at this byte.
    pub fn path_at(&self, at: usize) -> String {
        path::of(self, at)
    }

    /// Where a part of the document begins.
    fn place(&self, part: &RawValue) -> usize {
        part.get().as_ptr().addr() - self.text.as_ptr().addr()
    }
}

#[cfg(test)]
mod tests;
