//! Stand-in.
use std::path::PathBuf;
use std::{fmt, str::FromStr};
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    Env(String),
    File(PathBuf),
}
impl FromStr for KeySource {
    type Err = crate::error::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(crate::error::Error::usage("a key source is env:NAME or file:PATH")),
        }
    }
}
impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingConfig {
    pub name: String,
    pub current: KeySource,
    pub previous: Vec<KeySource>,
}
