//! What is known of wrapped keys, kept in memory within a bound.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::keys::ColumnKeys;

/// Wrapped keys of one generation; there are two. Each takes about a kilobyte.
const GENERATION_MAX: usize = 10_000;

/// What a service has said of one wrapped key.
pub struct KnownKey {
    /// Which of the KMS keys had wrapped it, by its place; `None` when none of them had.
    pub(super) by: Option<usize>,
    /// Under which version, where that was told.
    pub(super) version: Option<String>,
    /// Whether that is the version that wraps now, where only that was told.
    pub(super) is_newest: bool,
    /// The data key, if it was unwrapped and is a key of the column's cipher.
    pub(super) key: Option<Arc<ColumnKeys>>,
    /// What it was wrapped into, if it was.
    pub(super) renewed: Option<Renewed>,
}

/// A wrapped key under the version that is wanted, and unwrapped again.
#[derive(Clone)]
pub(super) struct Renewed {
    pub wrapped: Vec<u8>,
    pub version: Option<String>,
    pub key: Option<Arc<ColumnKeys>>,
}

/// How a wrapped key stands to the version that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    /// An older version, or another KMS key.
    Stale,
    /// No KMS key at hand has wrapped it.
    Closed,
}

/// The wrapped keys of this generation and of the one before it.
#[derive(Default)]
pub(super) struct Known {
    young: HashMap<Vec<u8>, Arc<KnownKey>>,
    old: HashMap<Vec<u8>, Arc<KnownKey>>,
}

impl Known {
    pub fn get(&self, wrapped: &[u8]) -> Option<&Arc<KnownKey>> {
        self.young.get(wrapped).or_else(|| self.old.get(wrapped))
    }

    pub fn insert(&mut self, wrapped: Vec<u8>, known: Arc<KnownKey>) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(wrapped, known);
    }
}

impl KnownKey {
    /// No KMS key at hand opens it.
    pub(super) fn closed() -> Self {
        Self { by: None, version: None, is_newest: false, key: None, renewed: None }
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
        let mut known = Known::default();
        for n in 0..3 * GENERATION_MAX as u64 {
            known.insert(n.to_be_bytes().to_vec(), Arc::new(KnownKey::closed()));
        }
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION_MAX);
        let last = 3 * GENERATION_MAX as u64 - 1;
        assert!(known.get(&last.to_be_bytes()).is_some());
        assert!(known.get(&0_u64.to_be_bytes()).is_none());
    }
}
