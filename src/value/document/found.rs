//! What the paths of a column lead to in one document.

use std::borrow::Cow;

use super::{DocumentWork, Strings};
use crate::cell;
use crate::document::{Content, Document, Members, NotJson, Object, Token};
use crate::value::Reason;

/// A value in a document.
pub(super) struct Found<'d> {
    /// The string, or the whole object.
    pub(super) token: Token<'d>,
    /// The strings that are pieces of an object's value.
    pub(super) members: Vec<Token<'d>>,
    pub(super) said: Said<'d>,
}

/// What stands there, seen as a value.
pub(super) enum Said<'d> {
    /// The string, or [a cell](crate::cell) of several.
    Value(Cow<'d, [u8]>),
    Nothing,
    Malformed,
}

impl DocumentWork<'_> {
    /// The document and what its paths lead to; nothing when it is empty, or no document and such cells are left
    /// alone.
    pub(super) fn found<'d>(
        &self,
        stored: Option<&'d [u8]>,
    ) -> Strings<Option<(Document<'d>, Vec<Found<'d>>)>> {
        let stored = stored.ok_or(Reason::TooLarge)?;
        if stored.is_empty() {
            return Ok(None);
        }
        let found = Document::parse(stored).and_then(|document| {
            let found: Vec<Found<'d>> = match &self.fields {
                None => document.select(self.paths)?.into_iter().map(|t| self.string(t)).collect(),
                Some(fields) => {
                    let objects = document.objects(self.paths, fields)?;
                    objects.into_iter().map(|object| self.object(object)).collect()
                }
            };
            Ok((document, found))
        });
        match found {
            Ok(found) => Ok(Some(found)),
            Err(_) if self.named.leaves_unmatched() => Ok(None),
            Err(_) => Err(Reason::Malformed),
        }
    }

    /// All strings that may be replaced, in the order in which they stand.
    pub(super) fn strings<'d>(&self, document: &Document<'d>) -> Result<Vec<Token<'d>>, NotJson> {
        let Some(fields) = &self.fields else { return document.select(self.paths) };
        let members = |object: Object<'d>| match object.members {
            Members::Strings(members) => members,
            Members::Absent | Members::Unfit => Vec::new(),
        };
        let objects = document.objects(self.paths, fields)?;
        let mut strings: Vec<Token<'d>> = objects.into_iter().flat_map(members).collect();
        strings.sort_by_key(|token| token.at);
        Ok(strings)
    }

    fn string<'d>(&self, token: Token<'d>) -> Found<'d> {
        let said = match token.content() {
            Content::Text(Cow::Borrowed(text)) => Said::Value(Cow::Borrowed(text.as_bytes())),
            Content::Text(Cow::Owned(text)) => Said::Value(Cow::Owned(text.into_bytes())),
            Content::NotUnicode | Content::NoString => self.no_value(&token),
        };
        Found { token, members: Vec::new(), said }
    }

    fn object<'d>(&self, object: Object<'d>) -> Found<'d> {
        let Object { token, members } = object;
        let members = match members {
            Members::Strings(members) => members,
            Members::Absent => return Found { token, members: Vec::new(), said: Said::Nothing },
            Members::Unfit => {
                return Found { said: self.no_value(&token), members: Vec::new(), token };
            }
        };
        let mut value = Vec::new();
        for member in &members {
            let text = match member.content() {
                Content::Text(text) => Some(text),
                // a note; of its values nothing else is let through
                _ if member.raw() == "null" => None,
                Content::NotUnicode | Content::NoString => Some(Cow::Borrowed(member.raw())),
            };
            cell::append(text.as_ref().map(|text| text.as_bytes()), &mut value);
        }
        // an empty ciphertext is one when all that it needs stands beside it
        let is_empty = |member: &Token<'_>| member.raw() == "\"\"";
        let is_note = |place: usize| self.fields.as_ref().is_some_and(|all| all[place].is_note);
        let lacks = |(place, member): (usize, &Token<'_>)| !is_note(place) && is_empty(member);
        let is_nothing = is_empty(&members[0]) && members.iter().enumerate().skip(1).any(lacks);
        let said = if is_nothing { Said::Nothing } else { Said::Value(Cow::Owned(value)) };
        Found { token, members, said }
    }

    fn no_value<'d>(&self, token: &Token<'_>) -> Said<'d> {
        let work = if token.is_named { &self.named } else { &self.met };
        if work.leaves_unmatched() { Said::Nothing } else { Said::Malformed }
    }
}
