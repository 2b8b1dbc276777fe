//! Re-encrypts the encrypted columns of a live PostgreSQL database under a new key, and proves that
//! the old one is no longer needed.
//!
//! ```text
//!  cli ──► config ──► plan ──► rotate ──► report
//!                      │         │
//!                      ├─────────┼── value ─► keys, layout, crypto   (pure: bytes in, bytes out)
//!                      └─────────┴── db                (sessions, statements, the ledger)
//!
//!  scan:    config ──► catalogue, samples ──► every form, every key ──► report
//!  rotate:  claim a shard ─► fetch page ─► judge ─► commit page ─► … ─► next pass ─► proof
//! ```
//!
//! In reading order:

// Of the program, and not of its tests and benches; the other lints stand in Cargo.toml.
#![deny(clippy::let_underscore_must_use, reason = "`let _ =` hides a failure")]
#![deny(clippy::panic, reason = "troubles are errors with a place and a hint")]
#![deny(clippy::print_stderr, reason = "only report.rs prints: it knows what must not be shown")]
#![deny(clippy::print_stdout, reason = "… and a reader that has gone away is no panic")]
#![deny(clippy::unwrap_used, reason = "expect(\"why it cannot be\") is a proof, unwrap is a hope")]

pub mod error;

pub mod cli;
pub mod config;

pub mod cell;
pub mod crypto;
pub mod document;
pub mod envelope;
pub mod keys;
pub mod kms;
pub mod layout;
pub mod sealed;
pub mod value;

pub mod db;
pub mod plan;
pub mod report;
pub mod rotate;
pub mod scan;

pub mod demo;
pub mod ops;
pub mod telemetry;

#[macro_use]
mod failpoint;
