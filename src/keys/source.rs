//! Where a key is found, as it is written in a configuration, and how its text becomes keys.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{env, file, located};
use crate::crypto::KeyBytes;
use crate::error::{Error, Result};

/// Where a key is found: `env:NAME` or `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySource {
    /// An environment variable. It stays readable in /proc for whoever may read the process.
    Env(String),
    File(PathBuf),
}

/// The text of a source, wiped when dropped.
pub(super) type SecretText = Zeroizing<Vec<u8>>;

impl KeySource {
    /// The one key a ring seals with.
    pub(super) fn current_key(&self) -> Result<KeyBytes> {
        let text = match self {
            Self::Env(name) => env::read(name)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| self.missing("the environment variable is not set"))?,
            Self::File(path) => file::read(path)?,
        };
        let mut keys = self.keys(&text)?;
        match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => Ok(key),
            _ => Err(Error::usage("several keys where one current key is expected")
                .at(self.to_string())
                .hint("keep the newest, and name the others as previous keys")),
        }
    }

    /// Any number of previous keys. An environment variable that is not set, or empty, holds none.
    pub(super) fn previous_keys(&self) -> Result<Vec<KeyBytes>> {
        let text = match self {
            Self::Env(name) => env::read(name).filter(|text| !text.is_empty()),
            Self::File(path) => Some(file::read(path)?),
        };
        text.map_or_else(|| Ok(Vec::new()), |text| self.keys(&text))
    }

    /// The keys in a text: separated by commas in a variable, one a line in a file.
    fn keys(&self, text: &[u8]) -> Result<Vec<KeyBytes>> {
        let separator = match self {
            Self::Env(_) => b',',
            Self::File(_) => b'\n',
        };
        // The newline that ends the text is not one that separates.
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let pieces = || text.split(|byte| *byte == separator);
        let several = pieces().nth(1).is_some();
        let key = |(place, piece): (usize, &[u8])| {
            let piece = piece.strip_suffix(b"\r").unwrap_or(piece);
            KeyBytes::from_hex(piece).map_err(|malformed| {
                Error::usage(malformed.to_string())
                    .at(located(self, several.then_some(place + 1)))
                    .hint(format!("a key is 64 hexadecimal characters; {}", self.separated()))
            })
        };
        pieces().enumerate().map(key).collect()
    }

    fn separated(&self) -> &'static str {
        match self {
            Self::Env(_) => "several previous keys are separated by commas",
            Self::File(_) => "several previous keys stand one on a line",
        }
    }

    fn missing(&self, what: &str) -> Error {
        Error::usage(what).at(self.to_string()).hint("set it to 64 hexadecimal characters")
    }
}

/// As it is parsed.
impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl FromStr for KeySource {
    type Err = MalformedKeySource;

    fn from_str(text: &str) -> std::result::Result<Self, MalformedKeySource> {
        match text.split_once(':') {
            Some((_, name)) if name.is_empty() || name.contains('\0') || holds_key(name) => {
                Err(MalformedKeySource)
            }
            Some(("env", name)) if !name.contains('=') => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) => Ok(Self::File(PathBuf::from(path))),
            _ => Err(MalformedKeySource),
        }
    }
}

/// `env:$ENCRYPTION_KEY`, which a shell has replaced: a source's name is shown, a key never.
fn holds_key(name: &str) -> bool {
    name.split(',').any(|piece| KeyBytes::from_hex(piece.as_bytes()).is_ok())
}

/// Neither `env:NAME` nor `file:PATH`. It does not repeat the text, which may be a key that was put
/// in the place of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedKeySource;

impl fmt::Display for MalformedKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key source is `env:NAME` or `file:PATH`")
    }
}

impl std::error::Error for MalformedKeySource {}
