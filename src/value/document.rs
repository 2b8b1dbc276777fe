//! The strings of one document, each a value: what becomes of them, and the document with those that were
//! resealed in their places.

use std::borrow::Cow;
use std::ops::Range;

use super::{ColumnWork, Reading, Reason, Resealing, Scratch};
use crate::document::{Content, Document, Selection, Token};
use crate::error::{Error, Result};

/// What became of one string, and which bytes of the document it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    pub place: Range<usize>,
    pub outcome: T,
}

/// A document, judged string by string. Those that are none of ours are not in the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResealedDocument {
    pub strings: Vec<Placed<Resealing>>,
    /// What to store instead; `None` when no string was resealed.
    pub replacement: Option<Vec<u8>>,
}

/// How the strings of documents are opened and resealed.
#[derive(Clone, Copy, Debug)]
pub struct DocumentWork<'a> {
    /// Of strings that a path names.
    named: ColumnWork<'a>,
    /// Of strings that were met by `**`: without the shape of a value they are none.
    met: ColumnWork<'a>,
    paths: &'a Selection,
}

/// What a token says, seen as a value.
enum Said<'d> {
    Value(Cow<'d, str>),
    Nothing,
    Malformed,
}

/// The strings of a document, or why there are none.
type Strings<T> = std::result::Result<T, Reason>;

impl<'a> DocumentWork<'a> {
    pub(super) fn new(column: ColumnWork<'a>, paths: &'a Selection) -> Self {
        Self { named: column, met: column.leaving_unmatched(), paths }
    }

    /// Tells which key opens each string; `stored` is `None` when it was too long to be fetched.
    pub fn read(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> Strings<Vec<Placed<Reading>>> {
        let mut strings = Vec::new();
        self.read_each(stored, texts, scratch, |string, _| strings.push(string))?;
        Ok(strings)
    }

    /// The same one by one, with the buffers as each left them.
    pub fn read_each(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
        mut take: impl FnMut(Placed<Reading>, &Scratch),
    ) -> Strings<()> {
        for token in self.tokens(stored)?.map(|(_, tokens)| tokens).unwrap_or_default() {
            let outcome = match self.said(&token) {
                Said::Value(text) => self.work(&token).read(Some(text.as_bytes()), texts, scratch),
                Said::Nothing => Reading::Left,
                Said::Malformed => Reading::Unreadable(Reason::Malformed),
            };
            if outcome != Reading::Left {
                take(Placed { place: token.range(), outcome }, scratch);
            }
        }
        Ok(())
    }

    /// Seals every string with the current key, unless that was done before; `stored` as in [`Self::read`].
    ///
    /// # Errors
    /// They end the run: those of [`ColumnWork::reseal`], and a document that does not read back with just its
    /// resealed strings replaced, which is a bug.
    pub fn reseal(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> Result<Strings<ResealedDocument>> {
        let none = ResealedDocument { strings: Vec::new(), replacement: None };
        let (document, tokens) = match self.tokens(stored) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Ok(none)),
            Err(reason) => return Ok(Err(reason)),
        };
        let (mut strings, mut new) = (Vec::new(), vec![None; tokens.len()]);
        for (token, new) in tokens.iter().zip(&mut new) {
            let outcome = match self.said(token) {
                Said::Value(text) => {
                    self.work(token).reseal(Some(text.as_bytes()), texts, scratch)?
                }
                Said::Nothing => Resealing::Left,
                Said::Malformed => Resealing::Failed(Reason::Malformed),
            };
            if let Resealing::Resealed(bytes) = &outcome {
                *new = Some(String::from_utf8(bytes.clone()).map_err(|_| not_as_meant())?);
            }
            if outcome != Resealing::Left {
                strings.push(Placed { place: token.range(), outcome });
            }
        }
        let replacement = self.splice(&document, &tokens, &new)?;
        Ok(Ok(ResealedDocument { strings, replacement }))
    }

    /// How many strings may be sealed, at most.
    pub fn seals(&self, stored: Option<&[u8]>, scratch: &mut Scratch) -> u64 {
        let Ok(Some((_, tokens))) = self.tokens(stored) else { return 0 };
        let may_be_sealed = |token: &Token<'_>| match self.said(token) {
            Said::Value(text) => self.work(token).may_be_sealed(text.as_bytes(), scratch),
            Said::Nothing | Said::Malformed => false,
        };
        tokens.iter().map(may_be_sealed).map(u64::from).sum()
    }

    /// The document and what its paths lead to; nothing when it is empty, or no document and such cells are left
    /// alone.
    fn tokens<'d>(
        &self,
        stored: Option<&'d [u8]>,
    ) -> Strings<Option<(Document<'d>, Vec<Token<'d>>)>> {
        let stored = stored.ok_or(Reason::TooLarge)?;
        if stored.is_empty() {
            return Ok(None);
        }
        let document = Document::parse(stored);
        let found = document.and_then(|document| Ok((document, document.select(self.paths)?)));
        match found {
            Ok(found) => Ok(Some(found)),
            Err(_) if self.named.leaves_unmatched() => Ok(None),
            Err(_) => Err(Reason::Malformed),
        }
    }

    fn work(&self, token: &Token<'_>) -> &ColumnWork<'a> {
        if token.is_named { &self.named } else { &self.met }
    }

    fn said<'d>(&self, token: &Token<'d>) -> Said<'d> {
        match token.content() {
            Content::Text(text) => Said::Value(text),
            _ if self.work(token).leaves_unmatched() => Said::Nothing,
            Content::NotUnicode | Content::NoString => Said::Malformed,
        }
    }

    /// The document with new strings, read back.
    fn splice(
        &self,
        document: &Document<'_>,
        tokens: &[Token<'_>],
        new: &[Option<String>],
    ) -> Result<Option<Vec<u8>>> {
        let replacements =
            || tokens.iter().zip(new).filter_map(|(old, new)| Some((old, new.as_deref()?)));
        if replacements().next().is_none() {
            return Ok(None);
        }
        let spliced = document.splice(replacements());
        let is_as_meant = document.is_spliced(&spliced, self.paths, tokens, |n| new[n].as_deref());
        if is_as_meant { Ok(Some(spliced.into_bytes())) } else { Err(not_as_meant()) }
    }
}

fn not_as_meant() -> Error {
    Error::bug("a document with resealed strings does not read back")
}
