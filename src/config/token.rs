//! Bearer tokens: fetched from their sources, never typed and never shown.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::config::Environment;
use crate::config::database::is_name;
use crate::config::file::read;
use crate::config::word::Word;
use crate::error::{Error, Result, of_reading};

/// A longer file holds something else.
const TOKEN_BYTES_MAX: u64 = 8 << 10;

/// A bearer token (RFC 6750). Wiped when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// The token itself; for a header, or to be compared with one.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// From what a word names (`env:NAME`, `file:PATH`), else from `variable` if it is set.
    pub(super) fn find(
        word: Option<&Word>,
        variable: &str,
        environment: &Environment,
    ) -> Result<Option<Token>> {
        let Some(word) = word else {
            let token = environment.word(variable)?;
            return token.map(Token::checked).transpose();
        };
        let text = match word.text.split_once(':') {
            Some(("env", name)) if is_name(name) => environment
                .text(name)?
                .ok_or_else(|| word.wrong(format!("the variable {name} is not set")))?,
            Some(("file", path)) if !path.is_empty() => read(Path::new(path), TOKEN_BYTES_MAX)
                .map_err(|error| {
                    Error::usage(format!("cannot read the token: {}", of_reading(&error))).at(path)
                })?,
            _ => {
                let error = word.wrong("a token is named, never written here");
                return Err(error.hint("env:NAME or file:PATH"));
            }
        };
        Token::checked(Word::new(text, word.place.clone())).map(Some)
    }

    fn checked(word: Word) -> Result<Token> {
        let text = Zeroizing::new(word.text.trim_end().to_owned());
        let fits = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_graphic());
        let wrong = || {
            word.wrong("a token has at least 16 characters, all of them visible ASCII")
                .hint("make one with: openssl rand -hex 32")
        };
        fits.then(|| Token(text.clone())).ok_or_else(wrong)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
