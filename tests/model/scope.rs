//! How much of the world one check explores. Each scope is small enough to be explored to its end.

use super::table::Key;

/// A statement that the application may execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Statement {
    /// Writes to some other table: the transaction has an id, and nothing here.
    Elsewhere,
    /// Reads a row, to write it back later.
    Read,
    /// Writes a new value, sealed with this key.
    Write(Key),
    /// Writes back what it read earlier.
    WriteBack,
    /// Moves a row before all others, its value untouched.
    MoveKey,
    /// Inserts a row before all others.
    Insert(Key),
    /// Locks a row and changes nothing.
    Lock,
}

/// What happens at most.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    pub name: &'static str,
    /// How the rows are sealed at the start.
    pub rows: &'static [Key],
    /// Whether the run begins with a pass in key order; else with the proof.
    pub reseals_first: bool,
    /// Rows, or places, of a page.
    pub page_rows: u8,
    pub passes_max: u8,
    pub workers: usize,
    /// Leases that run out although their owner is at work.
    pub leases: u8,
    /// Sessions that are lost, processes that are killed.
    pub losses: u8,
    pub crashes: u8,
    /// A pooler hides crashes from the workers.
    pub is_pooled: bool,
    /// What each transaction of the application may execute, and how many statements.
    pub transactions: &'static [(&'static [Statement], u8)],
    /// The application commits durably.
    pub is_durable: bool,
    /// The application may commit into any place, not just into the first free one.
    pub places_freely: bool,
    /// What must be met on some way (`properties.rs`), or the scope has lost its meaning.
    pub meets: &'static [&'static str],
    /// Fewer states than this, and the scope has lost its meaning.
    pub states_min: usize,
}
