//! The versions of a key: each is a key of its own, and the newest one wraps.

use crate::support::{TestKey, open, seal};

pub struct Versions(Vec<TestKey>);

impl Default for Versions {
    fn default() -> Self {
        Self(vec![TestKey::random()])
    }
}

impl Versions {
    pub fn rotate(&mut self) {
        self.0.push(TestKey::random());
    }

    /// The number of the newest, from 1.
    pub fn newest(&self) -> usize {
        self.0.len()
    }

    pub fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        seal(&self.0[self.newest() - 1], "go", aad, plaintext)
    }

    /// The plaintext, and the version that had sealed it.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<(Vec<u8>, usize)> {
        let versions = self.0.iter().enumerate();
        let mut opened =
            versions.filter_map(|(at, key)| Some((open(key, "go", aad, sealed)?, at + 1)));
        opened.next()
    }
}
