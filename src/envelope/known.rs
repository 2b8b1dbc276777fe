//! What is known of wrapped keys, kept in memory within a bound.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use super::KeyInPlace;
use crate::keys::ColumnKeys;

/// Things of one generation; there are two. Each takes about a kilobyte.
const GENERATION_MAX: usize = 10_000;

/// What a service has said of one wrapped key.
pub struct KnownKey {
    /// Which of the KMS keys had wrapped it, by its place; `None` when none of them had.
    pub(super) by: Option<usize>,
    /// Under which version, where that was told.
    pub(super) version: Option<String>,
    /// The version that was wanted when it was told that this is the one, which is all that Cloud KMS tells.
    pub(super) newest_then: Option<String>,
    pub(super) key: DataKey,
    /// What it was wrapped into, if it was.
    pub(super) renewed: Option<Renewed>,
}

/// A data key, as far as it is known.
#[derive(Clone)]
pub(super) enum DataKey {
    /// It was not unwrapped.
    Wrapped,
    Open(Arc<ColumnKeys>),
    /// What was unwrapped is no key of the column's cipher.
    None,
}

/// A wrapped key under the version that is wanted, and unwrapped again.
#[derive(Clone)]
pub(super) struct Renewed {
    pub wrapped: Vec<u8>,
    pub version: Option<String>,
    pub key: DataKey,
}

/// How a wrapped key stands to the version that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    /// An older version, another KMS key, or another binding.
    Stale,
    /// No KMS key at hand has wrapped it for this place.
    Closed,
}

/// What is known of wrapped keys in their places.
pub(super) type Known = Generations<KeyInPlace, Arc<KnownKey>>;

/// The things of this generation and of the one before it.
pub(super) struct Generations<K, T> {
    young: HashMap<K, T>,
    old: HashMap<K, T>,
}

impl<K: Eq + Hash, T> Generations<K, T> {
    pub fn get(&self, key: &K) -> Option<&T> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub fn insert(&mut self, key: K, thing: T) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, thing);
    }

    /// Takes it out.
    pub fn take(&mut self, key: &K) -> Option<T> {
        let (young, old) = (self.young.remove(key), self.old.remove(key));
        young.or(old)
    }
}

impl<K, T> Default for Generations<K, T> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl KnownKey {
    /// No KMS key at hand opens it.
    pub(super) fn closed() -> Self {
        Self { by: None, version: None, newest_then: None, key: DataKey::Wrapped, renewed: None }
    }
}

impl DataKey {
    pub fn of(key: Option<Arc<ColumnKeys>>) -> Self {
        key.map_or(Self::None, Self::Open)
    }

    pub fn open(&self) -> Option<&Arc<ColumnKeys>> {
        match self {
            Self::Open(key) => Some(key),
            Self::Wrapped | Self::None => None,
        }
    }

    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    pub fn is_unwrapped(&self) -> bool {
        !matches!(self, Self::Wrapped)
    }
}

/// Keys are nothing to look at.
impl fmt::Debug for KnownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownKey").field("by", &self.by).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_two_generations() {
        let mut known = Generations::default();
        for n in 0..3 * GENERATION_MAX {
            known.insert(n, n);
        }
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION_MAX);
        let last = 3 * GENERATION_MAX - 1;
        assert_eq!(known.get(&last), Some(&last));
        assert_eq!(known.get(&0), None);
        assert_eq!((known.take(&last), known.take(&last)), (Some(last), None));
    }
}
