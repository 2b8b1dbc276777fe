//! Where a key is found, as it is written in a configuration, and how its text becomes keys.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::load::located;
use super::{WrappedSource, env, file};
use crate::crypto::{KeyBytes, SecretBytes};
use crate::error::{Error, Result};

/// Where a key is found: `env:NAME` or `file:PATH`, in the open or wrapped by a KMS key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySource {
    /// An environment variable. It stays readable in /proc for whoever may read the process.
    Env(String),
    File(PathBuf),
    Wrapped(Box<WrappedSource>),
}

const HINT: &str = "set it to 64 hexadecimal characters, or to what the layout's `key` says";

/// The text of a source, wiped when dropped.
pub(super) type SecretText = Zeroizing<Vec<u8>>;

impl KeySource {
    /// The text of the one key a ring seals with.
    pub(super) fn current_text(&self) -> Result<SecretBytes> {
        let text = self.content()?;
        let mut texts = self.texts(&text);
        if let Some(place) = texts.iter().position(|text| text.expose().is_empty()) {
            let position = (texts.len() > 1).then_some(place + 1);
            return Err(Error::usage("the key is empty").at(located(self, position)).hint(HINT));
        }
        match (texts.pop(), texts.is_empty()) {
            (Some(text), true) => Ok(text),
            _ => Err(Error::usage("several keys where one current key is expected")
                .at(self.to_string())
                .hint("keep the newest, and name the others as previous keys")),
        }
    }

    /// The texts of any number of previous keys. An environment variable that is not set, or empty, holds
    /// none.
    pub(super) fn previous_texts(&self) -> Result<Vec<SecretBytes>> {
        let text = match self {
            Self::Env(name) => env::read(name).filter(|text| !text.is_empty()),
            Self::File(_) | Self::Wrapped(_) => Some(self.content()?),
        };
        Ok(text.map(|text| self.texts(&text)).unwrap_or_default())
    }

    /// All that lies there. What is wrapped is opened before a ring is loaded, and not here.
    pub(super) fn content(&self) -> Result<SecretText> {
        match self {
            Self::Env(name) => env::read(name)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| self.missing("the environment variable is not set, or empty")),
            Self::File(path) => file::read(path),
            Self::Wrapped(_) => Err(Error::bug("a wrapped key is no text").at(self.to_string())),
        }
    }

    /// A text that is no key but goes into one: the salt of a derivation.
    pub(super) fn salt(&self) -> Result<SecretText> {
        let mut text = match self {
            Self::Env(name) => env::read(name)
                .ok_or_else(|| self.missing("the environment variable is not set"))?,
            Self::File(_) | Self::Wrapped(_) => self.content()?,
        };
        let length = without_line_end(&text).len();
        text.truncate(length);
        Ok(text)
    }

    /// The texts in a text: separated by commas in a variable, one a line in a file.
    fn texts(&self, text: &[u8]) -> Vec<SecretBytes> {
        let separator = match self {
            Self::Env(_) => b',',
            Self::File(_) | Self::Wrapped(_) => b'\n',
        };
        // The newline that ends the text is not one that separates.
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let pieces = text.split(|byte| *byte == separator);
        let without_return = |piece: &[u8]| piece.strip_suffix(b"\r").unwrap_or(piece).to_vec();
        pieces.map(|piece| SecretBytes::new(without_return(piece))).collect()
    }

    pub(super) fn separated(&self) -> &'static str {
        match self {
            Self::Env(_) => "several previous keys are separated by commas",
            Self::File(_) => "several previous keys stand one on a line",
            Self::Wrapped(_) => "32 bytes that were wrapped are one as well",
        }
    }

    fn missing(&self, what: &str) -> Error {
        Error::usage(what).at(self.to_string()).hint(HINT)
    }
}

pub(super) fn without_line_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// A source, and what is found there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelledSource {
    pub from: KeySource,
    pub holds: Holds,
}

/// What is found in a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holds {
    /// Keys without labels: one, or any number of previous ones.
    Keys,
    /// One key, and the label that layouts store of it.
    Labelled(String),
    /// A keyset of Tink, which has its own labels. Where the current key is wanted its primary key is that
    /// one, and its others are previous ones.
    Keyset,
}

impl LabelledSource {
    /// One key with its label, or any number of keys without.
    pub fn new(from: KeySource, label: Option<String>) -> Self {
        Self { from, holds: label.map_or(Holds::Keys, Holds::Labelled) }
    }
}

impl From<KeySource> for LabelledSource {
    fn from(from: KeySource) -> Self {
        Self::new(from, None)
    }
}

/// As it is parsed.
impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Wrapped(source) => source.fmt(f),
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
