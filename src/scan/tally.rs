//! What was seen of the values of a column, counted: numbers only, no value.

use std::collections::{BTreeMap, BTreeSet};

use super::looks::Disguise;

/// A key that opens a value: of which ring, in which form, and its place there (0 for the current one).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    pub ring: usize,
    pub form: usize,
    pub key: usize,
}

/// What came of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Authenticated: every hit that it has.
    Opened(Vec<Hit>),
    /// Nothing authenticates it, but what these open looks like a plaintext.
    Plausible(Vec<Hit>),
    /// It has the shape of these forms' layouts, whose shape says something.
    Shaped(usize),
    /// It looks like random bytes.
    Random(Disguise),
    /// Opening it would take too long.
    Untried,
    TooLong,
    Plain,
}

/// The outcomes of many values, and the labels that their keys have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Values that are neither NULL nor empty.
    pub values: u64,
    pub opened: BTreeMap<Vec<Hit>, u64>,
    pub plausible: BTreeMap<Vec<Hit>, u64>,
    /// By the place of the shape.
    pub shaped: BTreeMap<usize, u64>,
    pub random: BTreeMap<Disguise, u64>,
    pub untried: u64,
    pub too_long: u64,
    /// Authenticated values that stand in documents.
    pub in_documents: u64,
    /// Authenticated values that stand where a configuration does not look.
    pub unnamed: BTreeMap<Vec<Hit>, u64>,
    /// The paths to some of them in documents.
    pub unnamed_paths: BTreeSet<String>,
    /// Labels in authenticated values, by ring and key.
    pub labels: BTreeMap<(usize, usize), BTreeSet<String>>,
}

/// Paths that are remembered.
const PATHS_MAX: usize = 4;
/// Labels of one key that are remembered; a key has one.
const LABELS_MAX: usize = 4;

impl Tally {
    pub fn add(&mut self, outcome: Outcome) {
        self.values += 1;
        match outcome {
            Outcome::Opened(hits) => *self.opened.entry(hits).or_default() += 1,
            Outcome::Plausible(hits) => *self.plausible.entry(hits).or_default() += 1,
            Outcome::Shaped(shape) => *self.shaped.entry(shape).or_default() += 1,
            Outcome::Random(disguise) => *self.random.entry(disguise).or_default() += 1,
            Outcome::Untried => self.untried += 1,
            Outcome::TooLong => self.too_long += 1,
            Outcome::Plain => {}
        }
    }

    /// One that opens where the configuration does not look.
    pub fn unnamed(&mut self, hits: &[Hit], path: impl FnOnce() -> Option<String>) {
        *self.unnamed.entry(hits.to_vec()).or_default() += 1;
        if self.unnamed_paths.len() < PATHS_MAX {
            self.unnamed_paths.extend(path());
        }
    }

    pub fn label(&mut self, hit: Hit, label: String) {
        let labels = self.labels.entry((hit.ring, hit.key)).or_default();
        if labels.len() < LABELS_MAX {
            labels.insert(label);
        }
    }

    #[must_use]
    pub fn merged(mut self, other: Tally) -> Tally {
        fn join<K: Ord>(ours: &mut BTreeMap<K, u64>, theirs: BTreeMap<K, u64>) {
            for (key, count) in theirs {
                *ours.entry(key).or_default() += count;
            }
        }
        self.values += other.values;
        self.untried += other.untried;
        self.too_long += other.too_long;
        self.in_documents += other.in_documents;
        join(&mut self.opened, other.opened);
        join(&mut self.unnamed, other.unnamed);
        self.unnamed_paths.extend(other.unnamed_paths);
        while self.unnamed_paths.len() > PATHS_MAX {
            self.unnamed_paths.pop_last();
        }
        join(&mut self.plausible, other.plausible);
        join(&mut self.shaped, other.shaped);
        join(&mut self.random, other.random);
        for (key, labels) in other.labels {
            self.labels.entry(key).or_default().extend(labels);
        }
        self
    }

    /// Values that authenticate.
    pub fn authenticated(&self) -> u64 {
        self.opened.values().sum()
    }
}
