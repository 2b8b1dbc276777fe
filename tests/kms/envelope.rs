//! Columns whose values have data keys of their own, wrapped by a KMS: rewrapped and resealed, counted by the
//! fakes' calls.

#[path = "envelope/bound.rs"]
mod bound;
#[path = "envelope/doubted.rs"]
mod doubted;
#[path = "envelope/moved.rs"]
mod moved;
#[path = "envelope/objects.rs"]
mod objects;
#[path = "envelope/rows.rs"]
mod rows;
#[path = "envelope/stale.rs"]
mod stale;
#[path = "envelope/tink.rs"]
mod tink;
#[path = "envelope/trouble.rs"]
mod trouble;
#[path = "envelope/unreadable.rs"]
mod unreadable;

pub use rows::{Place, Rows};
