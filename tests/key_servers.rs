//! Real servers of keys: OpenBao as it is released, and moto in AWS's place; and the pages of docs/kms, with the
//! services' own programs. `make test-kms` installs them. (Servers of our own: `kms.rs`. What is real where:
//! docs/kms.md.)
#![cfg(feature = "key-services")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails may say so by a panic")]

mod support;

#[path = "key_servers/bound.rs"]
mod bound;
#[path = "key_servers/envelope.rs"]
mod envelope;
#[path = "kms/fakes.rs"]
#[allow(dead_code, unused_imports, reason = "the pages use a part of the fakes")]
mod fakes;
#[path = "key_servers/moto.rs"]
mod moto;
#[path = "key_servers/openbao.rs"]
mod openbao;
#[path = "key_servers/pages.rs"]
mod pages;
#[path = "key_servers/sealed.rs"]
mod sealed;
#[path = "key_servers/server.rs"]
mod server;
#[path = "key_servers/transit.rs"]
mod transit;
