//! The run. For now: what is done with one value.

pub mod value;
