//! Rings as `--verbose` shows them: where their keys came from, under which version they are wrapped, and whether
//! they work.

use std::fmt;

use serde::Serialize;

use super::{round_trip, uses};
use crate::crypto::KeyId;
use crate::keys::{KeyRing, KeyUse, RingConfig, RingKey};

/// A ring as `--verbose` shows it. A source may hold several previous keys, or none.
#[derive(Debug, Serialize)]
pub(super) struct RingShown {
    name: String,
    current_source: String,
    current_key: Option<KeyId>,
    previous_sources: Vec<String>,
    previous_keys: Vec<KeyId>,
    /// Each key that could be loaded, the current one first.
    keys: Vec<KeyShown>,
}

/// One key: where it came from, and whether it works.
#[derive(Debug, Serialize)]
struct KeyShown {
    key: KeyId,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapped_by: Option<WrappingShown>,
    /// It opens what it has sealed, in a layout of its ring.
    round_trip: bool,
}

/// How a key lies wrapped, as far as its service tells.
#[derive(Debug, Serialize)]
struct WrappingShown {
    kms: String,
    version: Option<String>,
    newest_version: Option<String>,
    is_newest: Option<bool>,
}

impl RingShown {
    pub(super) fn new(config: &RingConfig, loaded: Option<&KeyRing>) -> RingShown {
        let id = |key: &RingKey| *key.id();
        RingShown {
            name: config.name.clone(),
            current_source: config.current.from.to_string(),
            current_key: loaded.map(|ring| id(ring.current())),
            previous_sources: config
                .previous
                .iter()
                .map(|source| source.from.to_string())
                .collect(),
            previous_keys: loaded.iter().flat_map(|ring| ring.previous()).map(id).collect(),
            keys: loaded
                .iter()
                .flat_map(|ring| std::iter::once(ring.current()).chain(ring.previous()))
                .map(|key| KeyShown::new(key, &uses(config)))
                .collect(),
        }
    }
}

impl KeyShown {
    fn new(key: &RingKey, uses: &[KeyUse]) -> Self {
        let works =
            |use_: &KeyUse| key.for_use(use_).and_then(|key| round_trip(&key, use_.cipher)).is_ok();
        let wrapped_by = key.wrapping().map(|wrapping| WrappingShown {
            kms: wrapping.kms.to_string(),
            version: wrapping.version.clone(),
            newest_version: wrapping.newest_version.clone(),
            is_newest: wrapping.is_newest,
        });
        let round_trip = uses.iter().any(works);
        Self { key: *key.id(), source: key.source().to_owned(), wrapped_by, round_trip }
    }
}

impl fmt::Display for RingShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.current_key.as_ref().map_or("no key".to_owned(), ToString::to_string);
        let previous: Vec<String> = self.previous_keys.iter().map(ToString::to_string).collect();
        let previous = if previous.is_empty() { "no key".to_owned() } else { previous.join(", ") };
        let sources = self.previous_sources.join(", ");
        write!(f, "key ring {}", self.name)?;
        write!(f, "\n  current   {current} from {}", self.current_source)?;
        write!(f, "\n  previous  {previous} from {sources}")?;
        self.keys.iter().try_for_each(|key| write!(f, "{key}"))
    }
}

/// Of a wrapped key, and of one that does not work.
impl fmt::Display for KeyShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(wrapping) = &self.wrapped_by {
            let told = |version: &Option<String>| version.clone().unwrap_or("not told".to_owned());
            let (version, newest) = (told(&wrapping.version), told(&wrapping.newest_version));
            write!(f, "\n  {} wrapped under version {version}", self.key)?;
            match wrapping.is_newest {
                Some(true) => f.write_str(", the newest")?,
                Some(false) => write!(f, ", which is not the newest ({newest})")?,
                None => write!(f, ", newest version {newest}")?,
            }
        }
        match self.round_trip {
            true => Ok(()),
            false => write!(f, "\n  {} does not open what it has sealed", self.key),
        }
    }
}
