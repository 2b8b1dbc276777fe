//! What must hold for any input. Each function takes bytes as a fuzzer makes them, and panics when a
//! promise is broken.
//!
//! The fuzz targets call these, and so does `tests/fuzz.rs`, which needs no fuzzer.

pub mod aad;
pub mod command;
pub mod configuration;
pub mod connection;
pub mod document;
pub mod layout;
pub mod row_key;
pub mod value;

mod bytes_of_input;
mod meaning;
