//! Key rings: one current key and the previous keys that old values may still need.
//!
//! Keys are found in the environment or in files, one file of this room a source. Nothing here
//! knows SQL or async, and no message ever holds what a source held.

mod env;
mod file;
mod source;

use std::fmt;

use crate::crypto::{Key, KeyBytes, wipe_unused_stack};
use crate::error::{Error, Result};

pub use source::{KeySource, MalformedKeySource};

/// Where the keys of a ring are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingConfig {
    /// The name by which a table names its ring; `keys` is the default one.
    pub name: String,
    pub current: KeySource,
    /// Each may hold several keys. Their order is the order in which they are tried.
    pub previous: Vec<KeySource>,
}

/// The keys of a ring, ready to use and all different.
pub struct KeyRing {
    current: Key,
    previous: Vec<Key>,
}

impl KeyRing {
    /// Loads all keys. Refuses malformed keys, a previous key that is the current one, and the same
    /// previous key twice, by the name of the source.
    pub fn load(config: &RingConfig) -> Result<Self> {
        let current = load_current(config)?;
        let mut previous: Vec<Located> = Vec::new();
        for source in &config.previous {
            let keys = source.previous_keys()?;
            let several = keys.len() > 1;
            for (place, bytes) in keys.into_iter().enumerate() {
                let found = Located { bytes, source, position: several.then_some(place + 1) };
                refuse_repeated(&found, &current, &config.current, &previous)?;
                previous.push(found);
            }
        }
        let previous = previous.into_iter().map(|found| Key::new(found.bytes)).collect();
        let ring = Self { current: Key::new(current), previous };
        wipe_unused_stack();
        Ok(ring)
    }

    /// Loads the current key and leaves the sources of previous keys unread.
    pub fn load_current_only(config: &RingConfig) -> Result<Self> {
        Ok(Self { current: Key::new(load_current(config)?), previous: Vec::new() })
    }

    /// What new values are sealed with.
    pub fn current(&self) -> &Key {
        &self.current
    }

    /// What old values may still need, in the order of the configuration.
    pub fn previous(&self) -> &[Key] {
        &self.previous
    }
}

/// A previous key and where it was found.
struct Located<'s> {
    bytes: KeyBytes,
    source: &'s KeySource,
    /// Counted from 1; `None` when the source holds one key.
    position: Option<usize>,
}

fn load_current(config: &RingConfig) -> Result<KeyBytes> {
    config.current.current_key().map_err(|error| match config.name.as_str() {
        "keys" => error,
        name => {
            let place = error.place.clone().unwrap_or_default();
            error.at(format!("{place} (key ring `{name}`)"))
        }
    })
}

fn refuse_repeated(
    found: &Located<'_>,
    current: &KeyBytes,
    current_source: &KeySource,
    before: &[Located<'_>],
) -> Result<()> {
    let place = located(found.source, found.position);
    if found.bytes == *current {
        return Err(Error::usage("a previous key is the current key")
            .at(format!("{place}, and {current_source}"))
            .hint("the current key is the new one; previous keys are those it replaces"));
    }
    match before.iter().find(|other| other.bytes == found.bytes) {
        Some(other) => Err(Error::usage("the same previous key twice")
            .at(format!("{place}, and {}", located(other.source, other.position)))
            .hint("name each previous key once")),
        None => Ok(()),
    }
}

/// `env:NAME`, or `env:NAME, key 2`.
fn located(source: &KeySource, position: Option<usize>) -> String {
    match position {
        Some(position) => format!("{source}, key {position}"),
        None => source.to_string(),
    }
}

/// Ids only.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("current", &self.current)
            .field("previous", &self.previous)
            .finish()
    }
}

#[cfg(test)]
mod tests;
