//! The same text with other values in the place of some, and the proof that nothing else is another.

use std::borrow::Cow;

use super::{Content, Document, NotJson, Token};

/// What comes into the place of a string, or of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue<'r> {
    Text(Cow<'r, str>),
    /// Digits.
    Number(Cow<'r, str>),
    Null,
}

impl<'r> From<&'r str> for NewValue<'r> {
    fn from(text: &'r str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'r> From<&'r NewValue<'r>> for NewValue<'r> {
    fn from(value: &'r NewValue<'r>) -> Self {
        match value {
            Self::Text(text) => Self::Text(Cow::Borrowed(text)),
            Self::Number(digits) => Self::Number(Cow::Borrowed(digits)),
            Self::Null => Self::Null,
        }
    }
}

impl NewValue<'_> {
    /// As JSON; a string with no more escapes than it needs.
    fn json(&self) -> String {
        match self {
            Self::Text(text) => serde_json::Value::from(&**text).to_string(),
            Self::Number(digits) => digits.to_string(),
            Self::Null => "null".to_owned(),
        }
    }

    /// Whether a token says this already, however it is spelled.
    pub fn is_said_by(&self, token: &Token<'_>) -> bool {
        match self {
            Self::Text(text) => token.content() == Content::Text(Cow::Borrowed(&**text)),
            Self::Number(digits) => token.is_number() && token.raw() == *digits,
            Self::Null => token.raw() == "null",
        }
    }
}

impl<'d> Document<'d> {
    /// The document with other values in the place of these, which stand in it in this order.
    pub fn splice<'r, V: Into<NewValue<'r>>>(
        &self,
        replacements: impl IntoIterator<Item = (&'r Token<'d>, V)>,
    ) -> String
    where
        'd: 'r,
    {
        let mut spliced = String::with_capacity(self.text.len() + self.text.len() / 4);
        let mut copied = 0;
        for (token, value) in replacements {
            spliced.push_str(&self.text[copied..token.at]);
            spliced.push_str(&value.into().json());
            copied = token.end();
        }
        spliced.push_str(&self.text[copied..]);
        spliced
    }

    /// Whether `spliced` is JSON in which `find` finds the same tokens, the replaced ones with their new values,
    /// and all else is byte for byte as here.
    pub fn is_spliced<'r, V: Into<NewValue<'r>>>(
        &self,
        spliced: &str,
        find: impl for<'n> Fn(&Document<'n>) -> Result<Vec<Token<'n>>, NotJson>,
        tokens: &[Token<'d>],
        replacement: impl Fn(usize) -> Option<V>,
    ) -> bool {
        let Ok(found) = Document::parse(spliced.as_bytes()).and_then(|new| find(&new)) else {
            return false;
        };
        let (mut old_end, mut new_end) = (0, 0);
        let mut same = found.len() == tokens.len();
        for (n, (old, new)) in tokens.iter().zip(&found).enumerate() {
            let Some(value) = replacement(n) else { continue };
            same &= self.text.get(old_end..old.at) == spliced.get(new_end..new.at);
            same &= value.into().is_said_by(new);
            (old_end, new_end) = (old.end(), new.end());
        }
        same && self.text.get(old_end..) == spliced.get(new_end..)
    }
}
