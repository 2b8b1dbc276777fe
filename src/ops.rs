//! What each command does: loads keys, connects, leads through the rooms, hands the outcome to
//! `report`. Commands that need no database come first.

use crate::config::HealthCommand;
use crate::crypto::KeyBytes;
use crate::error::{Error, ExitCode, Result};
use crate::report;

pub mod audit;
mod gate;
mod health;
mod http;
pub mod ledger;
mod listen;
pub mod manual;
mod passphrases;
mod plan;
mod push;
pub mod rotation;
pub mod scan;
mod serve;
mod signals;

use health::Health;
pub use plan::plan;

/// Checks every key ring that is defined; prints the outcome, and fails when one is not healthy.
pub fn health(command: &HealthCommand) -> Result<ExitCode> {
    let health = Health::check(command.rings.values(), command.verbose);
    report::result(&health, command.output)?;
    Ok(if health.is_healthy() { ExitCode::Done } else { ExitCode::Unfinished })
}

/// Prints a new random key on stdout.
pub fn generate_key() -> Result<ExitCode> {
    let key = KeyBytes::generate()
        .map_err(|error| Error::outside(format!("cannot make a key: {error}")))?;
    report::line(&key.to_hex())?;
    Ok(ExitCode::Done)
}
