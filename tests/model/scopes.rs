//! The scopes that are explored. Each asks for something else of the protocol.

use super::properties::{COMPLETED, CONFLICT, FOUND, HELD, INCOMPLETE};
use super::scope::{Scope, Statement};
use super::table::Key::{Current, Previous};
use Statement::{Elsewhere, Insert, Lock, MoveKey, Read, Write, WriteBack};

/// One worker, and nobody else: what the others are made of.
const QUIET: Scope = Scope {
    name: "quiet",
    rows: &[Previous, Current],
    reseals_first: true,
    page_rows: 1,
    passes_max: 3,
    workers: 1,
    leases: 0,
    losses: 0,
    crashes: 0,
    is_pooled: false,
    transactions: &[],
    is_durable: true,
    places_freely: true,
    meets: &[COMPLETED],
    states_min: 0,
};

/// Two transactions that write under the previous key, move keys, lock, and stay open.
pub const WRITERS: Scope = Scope {
    name: "writers",
    transactions: &[
        (&[Write(Previous), Elsewhere, Lock], 2),
        (&[Write(Previous), MoveKey, Lock], 1),
    ],
    places_freely: false,
    meets: &[COMPLETED, INCOMPLETE, CONFLICT, FOUND, HELD],
    states_min: 95_000,
    ..QUIET
};

/// Writers that have the new key only, and a server that crashes: the run ends, and is complete.
pub const HONEST: Scope = Scope {
    name: "honest writers",
    workers: 2,
    leases: 1,
    crashes: 1,
    places_freely: false,
    transactions: &[(&[Write(Current), MoveKey, Lock], 1)],
    meets: &[COMPLETED, CONFLICT],
    states_min: 150_000,
    ..QUIET
};

/// What was read before it was resealed is written back after.
pub const WRITING_BACK: Scope = Scope {
    name: "writing back",
    page_rows: 2,
    transactions: &[(&[Read, WriteBack, Lock], 2), (&[Write(Current), MoveKey], 1)],
    meets: &[COMPLETED, CONFLICT, FOUND, HELD],
    states_min: 45_000,
    ..QUIET
};

/// A worker is slow, another takes over; sessions are lost.
pub const TAKEOVER: Scope = Scope {
    name: "takeover",
    workers: 2,
    leases: 1,
    losses: 1,
    transactions: &[(&[Write(Previous), MoveKey, Lock], 1)],
    meets: &[COMPLETED, CONFLICT, FOUND],
    states_min: 100_000,
    ..QUIET
};

/// The server crashes, and forgets what was not on disk: the application's commits too.
pub const CRASH: Scope = Scope {
    name: "crash",
    workers: 2,
    crashes: 1,
    is_durable: false,
    places_freely: false,
    transactions: &[(&[Write(Previous)], 1), (&[Write(Previous)], 1)],
    meets: &[COMPLETED, INCOMPLETE, CONFLICT, FOUND],
    states_min: 150_000,
    ..QUIET
};

/// A pooler hides the crash from the workers.
pub const POOLED: Scope = Scope {
    name: "pooled",
    reseals_first: false,
    workers: 2,
    leases: 1,
    crashes: 1,
    is_pooled: true,
    is_durable: false,
    places_freely: false,
    transactions: &[(&[Write(Previous), Write(Current)], 1)],
    meets: &[COMPLETED, CONFLICT, FOUND],
    states_min: 200_000,
    ..QUIET
};

/// A run that begins with its proof, over pages of two rows; new rows and new versions lie anywhere.
pub const PROOF: Scope = Scope {
    name: "proof",
    reseals_first: false,
    page_rows: 2,
    rows: &[Previous, Previous, Current],
    transactions: &[(&[Write(Previous), Elsewhere, Lock], 2), (&[MoveKey, Insert(Previous)], 1)],
    meets: &[COMPLETED, CONFLICT, FOUND, HELD],
    states_min: 250_000,
    ..QUIET
};
