//! One word: what was said, and where.

use crate::error::Error;

/// A word from the command line, the environment or the file, not yet understood.
#[derive(Clone)]
pub struct Word {
    pub text: String,
    /// As a person would look for it: `--workers`, `env:RESEAL_WORKERS`, `reseal.toml:12, [run] workers`.
    pub place: String,
}

impl Word {
    pub fn new(text: impl Into<String>, place: impl Into<String>) -> Word {
        Word { text: text.into(), place: place.into() }
    }

    /// Wrong in some way; the word itself is not repeated.
    pub fn wrong(&self, what: impl Into<String>) -> Error {
        Error::usage(what).at(self.place.clone())
    }
}

/// Shows the place only: a word may be a secret typed in the wrong place.
impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Word(at {})", self.place)
    }
}
