//! The versions of a key: each is a key of its own, and the newest one wraps; as a rule.

use std::collections::BTreeSet;

use crate::support::{TestKey, open, seal};

pub struct Versions {
    keys: Vec<TestKey>,
    /// So many of the newest are not yet known to those who seal.
    late: usize,
    /// What these have sealed is not opened.
    disabled: BTreeSet<usize>,
}

impl Default for Versions {
    fn default() -> Self {
        Self { keys: vec![TestKey::random()], late: 0, disabled: BTreeSet::new() }
    }
}

impl Versions {
    /// This key is the one of the only version.
    pub fn begin_with(&mut self, key: TestKey) {
        self.keys = vec![key];
    }

    pub fn rotate(&mut self) {
        self.keys.push(TestKey::random());
    }

    /// A new version that is said to be the newest, and does not seal yet.
    pub fn rotate_late(&mut self) {
        self.rotate();
        self.late += 1;
    }

    /// Whoever seals has heard of the newest.
    pub fn catch_up(&mut self) {
        self.late = 0;
    }

    /// Whoever seals does it under the version before the newest again.
    pub fn fall_back(&mut self) {
        self.late = 1;
    }

    pub fn shut_out_older(&mut self) {
        self.disabled.extend(1..self.newest());
    }

    /// One version alone.
    pub fn disable(&mut self, version: usize) {
        self.disabled.insert(version);
    }

    /// The number of the newest, from 1.
    pub fn newest(&self) -> usize {
        self.keys.len()
    }

    /// The number of the one that seals.
    pub fn sealing(&self) -> usize {
        self.keys.len() - self.late
    }

    pub fn key(&self, version: usize) -> &TestKey {
        &self.keys[version - 1]
    }

    pub fn is_usable(&self, version: usize) -> bool {
        !self.disabled.contains(&version)
    }

    pub fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        seal(&self.keys[self.sealing() - 1], "go", aad, plaintext)
    }

    /// The plaintext, and the version that had sealed it.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<(Vec<u8>, usize)> {
        let versions = self.keys.iter().enumerate();
        let mut opened =
            versions.filter_map(|(at, key)| Some((open(key, "go", aad, sealed)?, at + 1)));
        opened.next()
    }
}
