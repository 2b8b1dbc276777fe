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
pub struct KeyRing {
    current: crate::crypto::Key,
    previous: Vec<crate::crypto::Key>,
}
impl KeyRing {
    pub fn load(c: &RingConfig) -> crate::error::Result<KeyRing> {
        let mut ring = Self::load_current_only(c)?;
        for p in &c.previous {
            if let Some(k) = key(p)? {
                ring.previous.push(k)
            }
        }
        Ok(ring)
    }
    pub fn load_current_only(c: &RingConfig) -> crate::error::Result<KeyRing> {
        let k = key(&c.current)?.ok_or_else(|| crate::error::Error::usage("missing"))?;
        Ok(KeyRing { current: k, previous: vec![] })
    }
    pub fn current(&self) -> &crate::crypto::Key {
        &self.current
    }
    pub fn previous(&self) -> &[crate::crypto::Key] {
        &self.previous
    }
}
fn key(s: &KeySource) -> crate::error::Result<Option<crate::crypto::Key>> {
    let KeySource::Env(n) = s else { return Err(crate::error::Error::usage("no files yet")) };
    let Ok(t) = std::env::var(n) else { return Ok(None) };
    let b = crate::crypto::KeyBytes::from_hex(t.as_bytes())
        .map_err(|e| crate::error::Error::usage(e.to_string()).at(s.to_string()))?;
    Ok(Some(crate::crypto::Key::new(b)))
}
