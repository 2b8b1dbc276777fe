//! Re-encrypts the encrypted columns of a live PostgreSQL database under a new key, and proves that
//! the old one is no longer needed.

pub mod cli;
pub mod config;
pub mod crypto;
pub mod error;
pub mod keys;
pub mod layout;
pub mod ops;
pub mod report;
pub mod rotate;
pub mod telemetry;
