//! Re-encrypts the encrypted columns of a live PostgreSQL database under a new key, and proves that
//! the old one is no longer needed.
//!
//! ```text
//!  cli ──► config ──► plan ──► rotate ──► report
//!                      │         │
//!                      │         ├── layout, crypto, keys   (pure: bytes in, bytes out)
//!                      └─────────┴── db                     (sessions, statements, the ledger)
//!
//!  rotate:  claim a shard ─► fetch page ─► judge ─► commit page ─► … ─► next pass ─► proof
//! ```
//!
//! In reading order:

pub mod error;

pub mod cli;
pub mod config;

pub mod crypto;
pub mod keys;
pub mod layout;

pub mod db;
pub mod plan;
pub mod report;
pub mod rotate;

pub mod demo;
pub mod ops;
pub mod telemetry;

#[macro_use]
mod failpoint;
