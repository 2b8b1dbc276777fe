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

/// Longer words are not repeated: one may be a key that was written where its layout belongs.
const WORD_BYTES_MAX: usize = 31;

impl LayoutError {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: without_long_words(&what.into()), at: None, hint: None }
    }

    /// Trouble at a byte offset of the template.
    pub(super) fn at(template: &str, offset: usize, what: impl Into<String>) -> Self {
        let before = template.char_indices().take_while(|(place, _)| *place < offset).count();
        Self { at: Some(before + 1), ..Self::new(what) }
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

fn without_long_words(text: &str) -> String {
    let words = text.split_inclusive([' ', '`']).map(|word| {
        let end = word.trim_end_matches([' ', '`']).len();
        if end > WORD_BYTES_MAX { format!("…{}", &word[end..]) } else { word.to_owned() }
    });
    words.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_as_long_as_a_key_is_not_repeated() {
        let refused = |word: &str| LayoutError::new(format!("`{word}` is no part")).to_string();
        assert_eq!(refused(&"a".repeat(31)), format!("`{}` is no part", "a".repeat(31)));
        for key in ["0f".repeat(32), "q83v".repeat(11)] {
            assert_eq!(refused(&key), "`…` is no part");
            assert_eq!(refused(&format!("{key} x")), "`… x` is no part");
        }
    }
}
