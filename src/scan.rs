//! Which columns of a database hold ciphertext that one of the keys opens, and which of them a configuration
//! does not name.
//!
//! [`catalogue`] says what there is to look at, `draw` reads a sample of it, `trials` tries every form
//! ([`forms`]) with every key on each value, [`verdict`] judges the counts. A value that authenticates is no
//! accident, so a hit is certain; what merely looks like ciphertext is told apart. Values are tried in memory and
//! forgotten: only counts leave a [`tally`]. This room writes nothing, and knows nothing of runs.

mod bindings;
pub mod catalogue;
pub mod configuration;
pub mod coverage;
mod draw;
pub mod forms;
mod look;
mod looks;
pub mod pieces;
pub mod rings;
pub mod search;
pub mod spots;
pub mod tally;
mod toml_text;
mod trials;
pub mod verdict;

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A random sample of each table.
    Sample,
    /// Every value.
    Everything,
}
