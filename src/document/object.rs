//! Objects of which several members together are one value: where these members stand.

use super::walk::{Step, children};
use super::{Content, Document, NotJson, Selection, Token, content};

/// A member that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'n> {
    pub name: &'n str,
    /// It says something of the value and is no part of it: besides a string it may be `null` or a number.
    pub is_note: bool,
}

/// What a path leads to when values are objects.
#[derive(Clone)]
pub struct Object<'d> {
    /// The whole of it, or what stands in its place.
    pub token: Token<'d>,
    /// The members that were asked for, in the order of their names.
    pub members: Members<'d>,
}

/// The members of an object that were asked for.
#[derive(Clone)]
pub enum Members<'d> {
    /// All of them, each a string; or what else a note may be.
    Strings(Vec<Token<'d>>),
    /// None of them but notes, or each is `null`; or the empty string stands in the place of the object.
    Absent,
    /// Some are missing, stand twice or are no strings; or it is no object.
    Unfit,
}

impl<'d> Document<'d> {
    /// The objects that the selection leads to, in the order in which they stand, and those of their members
    /// that are wanted.
    ///
    /// # Errors
    /// The document is nested too deep.
    pub fn objects(
        &self,
        selection: &Selection,
        wanted: &[Wanted<'_>],
    ) -> Result<Vec<Object<'d>>, NotJson> {
        let tokens = self.select(selection)?;
        let object = |token: Token<'d>| Object { members: self.members(&token, wanted), token };
        Ok(tokens.into_iter().map(object).collect())
    }

    fn members(&self, object: &Token<'d>, wanted: &[Wanted<'_>]) -> Members<'d> {
        match object.raw.as_bytes() {
            [b'{', ..] => {}
            b"\"\"" => return Members::Absent,
            _ => return Members::Unfit,
        }
        let (mut found, mut is_unfit) = (vec![None; wanted.len()], false);
        let read = children(object.raw, |step, value| {
            let Step::Key(key) = step else { return Ok(()) };
            let place = match content(key) {
                Content::Text(name) => wanted.iter().position(|it| name == it.name),
                Content::NotUnicode | Content::NoString => None,
            };
            let Some(place) = place else { return Ok(()) };
            let token =
                Token { at: self.place(value), raw: value.get(), is_named: object.is_named };
            is_unfit |= found[place].replace(token).is_some();
            Ok(())
        });
        let is_nothing = |(token, wanted): (&Option<Token<'_>>, &Wanted<'_>)| {
            wanted.is_note || token.is_none_or(|token| token.raw == "null")
        };
        if read.is_ok() && !is_unfit && found.iter().zip(wanted).all(is_nothing) {
            return Members::Absent;
        }
        let fits = |(token, wanted): (&Token<'_>, &Wanted<'_>)| {
            let is_note = wanted.is_note && (token.raw == "null" || token.is_number());
            is_note || matches!(token.content(), Content::Text(_))
        };
        match found.into_iter().collect::<Option<Vec<Token<'d>>>>() {
            Some(strings) if read.is_ok() && !is_unfit && strings.iter().zip(wanted).all(fits) => {
                Members::Strings(strings)
            }
            _ => Members::Unfit,
        }
    }
}
