//! The document with new values in the places of old ones, read back.

use super::found::{Found, Said};
use super::{ColumnWork, DocumentWork, Placed, Strings, not_as_meant};
use crate::cell;
use crate::document::{Document, NewValue, Token};
use crate::error::Result;

/// A value of a document, whoever judges it.
#[derive(Clone, Debug)]
pub struct FoundValue {
    /// A path names it.
    pub is_named: bool,
    /// `None` when it has no shape at all.
    pub stored: Option<Vec<u8>>,
}

impl<'a> DocumentWork<'a> {
    /// The values of a document; `stored` as in [`Self::read`].
    pub fn values(&self, stored: Option<&[u8]>) -> Strings<Vec<Placed<FoundValue>>> {
        let found = self.found(stored)?.map(|(_, found)| found).unwrap_or_default();
        let value = |Found { token, said, .. }: Found<'_>| {
            let stored = match said {
                Said::Value(value) => Some(value.into_owned()),
                Said::Malformed => None,
                Said::Nothing => return None,
            };
            let outcome = FoundValue { is_named: token.is_named, stored };
            Some(Placed { place: token.range(), outcome })
        };
        Ok(found.into_iter().filter_map(value).collect())
    }

    /// The document with these values in the place of those that begin at these bytes.
    ///
    /// # Errors
    /// It does not read back with just these replaced, which is a bug.
    pub fn replaced(&self, stored: &[u8], new: &[(usize, Vec<u8>)]) -> Result<Option<Vec<u8>>> {
        let Ok(Some((document, found))) = self.found(Some(stored)) else {
            return Err(not_as_meant());
        };
        let mut values = Vec::new();
        for (at, sealed) in new {
            let found =
                found.iter().find(|found| found.token.at == *at).ok_or_else(not_as_meant)?;
            values.extend(self.new_values(found, sealed)?);
        }
        self.splice(&document, values)
    }

    /// How values are worked on that a path names, or does not.
    pub fn work_of(&self, is_named: bool) -> &ColumnWork<'a> {
        if is_named { &self.named } else { &self.met }
    }

    pub(super) fn work(&self, found: &Found<'_>) -> &ColumnWork<'a> {
        self.work_of(found.token.is_named)
    }

    /// The strings of a value that are to say something else, with that.
    pub(super) fn new_values<'d>(
        &self,
        found: &Found<'d>,
        sealed: &[u8],
    ) -> Result<Vec<(Token<'d>, NewValue<'static>)>> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| not_as_meant());
        let Some(fields) = &self.fields else {
            return Ok(vec![(found.token, NewValue::Text(text(sealed)?.into()))]);
        };
        let mut new = Vec::new();
        for (place, (member, field)) in found.members.iter().zip(fields).enumerate() {
            let value = match cell::piece(sealed, place) {
                Some(piece) => {
                    let text = text(piece)?;
                    let is_number = member.is_number() && is_number(&text);
                    if is_number {
                        NewValue::Number(text.into())
                    } else {
                        NewValue::Text(text.into())
                    }
                }
                None if field.is_note => NewValue::Null,
                None => return Err(not_as_meant()),
            };
            // what says this already stays as it is spelled
            if !value.is_said_by(member) {
                new.push((*member, value));
            }
        }
        Ok(new)
    }

    /// The document with new values, read back.
    pub(super) fn splice(
        &self,
        document: &Document<'_>,
        mut new: Vec<(Token<'_>, NewValue<'_>)>,
    ) -> Result<Option<Vec<u8>>> {
        if new.is_empty() {
            return Ok(None);
        }
        new.sort_by_key(|(token, _)| token.at);
        let spliced = document.splice(new.iter().map(|(token, value)| (token, value)));
        let tokens = self.strings(document).map_err(|_| not_as_meant())?;
        let replacement = |n: usize| {
            let place = new.binary_search_by_key(&tokens[n].at, |(token, _)| token.at).ok()?;
            Some(&new[place].1)
        };
        let is_as_meant =
            document.is_spliced(&spliced, |new| self.strings(new), &tokens, replacement);
        if is_as_meant { Ok(Some(spliced.into_bytes())) } else { Err(not_as_meant()) }
    }
}

/// A whole number as JSON has it.
fn is_number(text: &str) -> bool {
    let is_plain = text == "0" || !text.starts_with('0');
    !text.is_empty() && is_plain && text.bytes().all(|byte| byte.is_ascii_digit())
}
