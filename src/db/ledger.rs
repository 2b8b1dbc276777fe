//! The job's own tables, in schema `reseal` of the same database: what survives a kill.
//!
//! One file for each thing the ledger knows: its own [`setup`], [`run`]s and their [`standing`], [`shard`]s and
//! their checkpoints, the [`close`] of a proof, [`failure`]s, the [`seals`] of each key, what [`passphrase`]s are
//! called, what all that adds up to ([`counted`]), the [`audit`] of who did what, what a run covers ([`scope`]),
//! and what its report says besides ([`evidence`]). This room knows no cryptography and no user
//! table; values, plaintext and keys never reach it.

pub mod audit;
pub mod close;
pub mod counted;
pub mod evidence;
pub mod failure;
pub mod passphrase;
pub mod run;
pub mod scope;
pub mod seals;
pub mod setup;
pub mod shard;
pub mod standing;
pub mod token;

/// The ledger version this program writes.
pub const VERSION: i32 = 1;
