//! The database: connecting to it, and speaking to it in transactions with fixed settings.
//!
//! Reading order: `url` turns connection words into a target, `tls` says what encryption it
//! gets, [`pool`] bounds the connections, [`session`] and [`transaction`] are what the rest of the
//! program speaks through, [`error`] says what class of trouble an answer was, and [`retry`] how
//! long trouble outside is borne. [`identifier`] is the only road from configuration to SQL,
//! [`row_key`] carries keys of any type, [`sample`] draws a part of a table, [`sql`] holds every
//! statement, and the [`ledger`] is the job's own memory.
//!
//! This room knows no keys, no layouts and no user tables. Nothing in it keeps a server's message
//! text, because PostgreSQL quotes rows in it.

mod answer;
pub mod error;
pub mod identifier;
pub mod ledger;
pub mod pool;
pub mod retry;
pub mod row_key;
pub mod sample;
pub mod session;
pub mod sql;
mod tls;
pub mod transaction;
mod url;
