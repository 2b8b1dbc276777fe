//! Manners: what the job owes to those who share the table with it. No transaction of the application fails
//! because of it or waits for it longer than a page may take; locks, long snapshots and DDL of others are met
//! with patience or with a clear stop, never with a wrong write.
#![cfg(feature = "failpoints")]

mod support;

#[path = "manners/alter.rs"]
mod alter;
#[path = "manners/deadlocks.rs"]
mod deadlocks;
#[path = "manners/dump.rs"]
mod dump;
#[path = "manners/frozen.rs"]
mod frozen;
#[path = "manners/holders.rs"]
mod holders;
#[path = "manners/partitions.rs"]
mod partitions;
#[path = "manners/waits.rs"]
mod waits;
