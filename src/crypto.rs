//! Seal and open with AES-256-GCM, and the types that keep secrets in memory.
//!
//! Everything here is given its key: no key ring, no SQL, no async, no logging. A formula stands
//! beside its source: NIST SP 800-38D for GCM, RFC 2104 for HMAC.
//!
//! Keys, plaintext and unused nonces are wiped when they are dropped, and before a buffer that held
//! them moves to a larger one. What ciphers leave on a stack is written over by [`wipe_unused_stack`];
//! registers, and padding that was copied from a stack before, are beyond reach.

mod key;
mod key_bytes;
mod key_id;
mod nonce;
mod plaintext;
mod stack;

pub use key::{Key, NotAuthentic, Parts, Tag};
pub use key_bytes::{KeyBytes, MalformedKey};
pub use key_id::KeyId;
pub use nonce::{NoRandomness, Nonce, NonceLength, NonceSource};
pub use plaintext::Plaintext;
pub use stack::wipe_unused_stack;
