//! What is wrong with a template, where, and how to mend it.

use std::fmt;

/// A template that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutError {
    pub what: String,
    /// The character of the template it begins at, counted from 1; `None` when it is all of it.
    pub at: Option<usize>,
    pub hint: Option<String>,
}

impl LayoutError {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), at: None, hint: None }
    }

    /// Trouble at a byte offset of the template.
    pub(super) fn at(template: &str, offset: usize, what: impl Into<String>) -> Self {
        let before = template.char_indices().take_while(|(place, _)| *place < offset).count();
        Self { what: what.into(), at: Some(before + 1), hint: None }
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What and where; the hint stands apart.
impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(character) => write!(f, "{} (at character {character})", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for LayoutError {}
