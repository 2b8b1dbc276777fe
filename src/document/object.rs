//! Objects of which several members together are one value: where these members stand.

use super::walk::{Step, children};
use super::{Content, Document, NotJson, Selection, Token, content};

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
    /// All of them, each a string.
    Strings(Vec<Token<'d>>),
    /// None of them, or each is `null`; or the empty string stands in the place of the object.
    Absent,
    /// Some are missing, stand twice or are no strings; or it is no object.
    Unfit,
}

impl<'d> Document<'d> {
    /// The objects that the selection leads to, in the order in which they stand, and their members of these
    /// names.
    ///
    /// # Errors
    /// The document is nested too deep.
    pub fn objects(
        &self,
        selection: &Selection,
        names: &[&str],
    ) -> Result<Vec<Object<'d>>, NotJson> {
        let tokens = self.select(selection)?;
        let object = |token: Token<'d>| Object { members: self.members(&token, names), token };
        Ok(tokens.into_iter().map(object).collect())
    }

    fn members(&self, object: &Token<'d>, names: &[&str]) -> Members<'d> {
        match object.raw.as_bytes() {
            [b'{', ..] => {}
            b"\"\"" => return Members::Absent,
            _ => return Members::Unfit,
        }
        let (mut found, mut is_unfit) = (vec![None; names.len()], false);
        let read = children(object.raw, |step, value| {
            let Step::Key(key) = step else { return Ok(()) };
            let place = match content(key) {
                Content::Text(name) => names.iter().position(|wanted| name == *wanted),
                Content::NotUnicode | Content::NoString => None,
            };
            let Some(place) = place else { return Ok(()) };
            let token =
                Token { at: self.place(value), raw: value.get(), is_named: object.is_named };
            is_unfit |= found[place].replace(token).is_some();
            Ok(())
        });
        let is_null = |token: &Option<Token<'_>>| token.is_none_or(|token| token.raw == "null");
        if read.is_ok() && !is_unfit && found.iter().all(is_null) {
            return Members::Absent;
        }
        let is_text = |token: &Token<'_>| matches!(token.content(), Content::Text(_));
        match found.into_iter().collect::<Option<Vec<Token<'d>>>>() {
            Some(strings) if read.is_ok() && !is_unfit && strings.iter().all(is_text) => {
                Members::Strings(strings)
            }
            _ => Members::Unfit,
        }
    }
}
