//! Columns whose values have data keys of their own, wrapped by a KMS: rewrapped and resealed, counted by the
//! fakes' calls.

mod moved;
mod rows;
mod stale;
mod trouble;
mod unreadable;

pub use rows::{Place, Rows};
