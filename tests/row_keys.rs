//! Row keys of any type, names of any spelling, tables of any shape: every row is found once and
//! written once.

mod support;

#[path = "row_keys/names.rs"]
mod names;
#[path = "row_keys/shapes.rs"]
mod shapes;
#[path = "row_keys/types.rs"]
mod types;
#[path = "row_keys/walked.rs"]
mod walked;
