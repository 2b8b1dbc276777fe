//! Keys of key services: the real program, with its real clients, against servers of our own that
//! speak as the services do. (Real servers: `key_servers.rs`. What is real where: docs/kms.md.)

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails may say so by a panic")]

#[path = "kms/bill.rs"]
mod bill;
#[path = "kms/credentials.rs"]
mod credentials;
#[path = "kms/documents.rs"]
mod documents;
#[path = "kms/envelope.rs"]
mod envelope;
#[path = "kms/fakes.rs"]
mod fakes;
#[path = "kms/health.rs"]
mod health;
#[path = "kms/many.rs"]
mod many;
#[path = "kms/refusals.rs"]
mod refusals;
#[path = "kms/ring.rs"]
mod ring;
#[path = "kms/sealed.rs"]
mod sealed;
#[path = "kms/stop.rs"]
mod stop;
#[path = "kms/wrapping.rs"]
mod wrapping;

#[path = "support/mod.rs"]
mod support;
