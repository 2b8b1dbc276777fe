//! Seal and open, keys from secrets, and the types that keep secrets in memory.
//!
//! Everything here is given its key: no key ring, no SQL, no async, no logging. A formula stands
//! beside its source: NIST SP 800-38D for GCM, RFC 2104 for HMAC.
//!
//! Keys, plaintext and unused nonces are wiped when they are dropped, and before a buffer that held
//! them moves to a larger one. What ciphers leave on a stack is written over by [`wipe_unused_stack`];
//! registers, and padding that was copied from a stack before, are beyond reach.

mod aead;
mod cbc;
mod cipher;
mod derive;
mod deterministic;
mod gcm;
mod key;
mod key_bytes;
mod key_id;
mod key_text;
mod nonce;
mod plaintext;
mod secret;
mod secretbox;
mod stack;

pub use cipher::Cipher;
pub use derive::{CannotDerive, Derivation, Hash};
pub use deterministic::DeterministicNonce;
pub use key::{Key, NotAuthentic, Parts, Tag, WrongKeyLength};
pub use key_bytes::{KeyBytes, MalformedKey};
pub use key_id::KeyId;
pub use key_text::KeyEncoding;
pub use nonce::{NoRandomness, Nonce, NonceLength, NonceSource};
pub use plaintext::{NotInflated, Plaintext};
pub use secret::SecretBytes;
pub use stack::wipe_unused_stack;
