//! What each command does: loads keys, connects, leads through the rooms, hands the outcome to
//! `report`. Commands that need no database come first.

use crate::config::{GenerateKeyCommand, HealthCommand};
use crate::crypto::{Key, KeyBytes};
use crate::error::{Error, ExitCode, Result};
use crate::keys::RingConfig;
use crate::kms::{KeyUri, Kms, KmsSettings};
use crate::report;

pub mod audit;
pub mod control;
mod gate;
mod health;
mod http;
pub mod ledger;
mod listen;
pub mod manual;
mod outcome;
mod passphrases;
mod plan;
mod push;
mod rings;
pub mod rotation;
pub mod run_report;
pub mod scan;
mod serve;
mod signals;
mod unwrap;

use health::Health;
pub use plan::plan;

/// Checks every key ring that is defined, and every key of a key service that columns name; prints the outcome, and fails when one is not healthy.
pub async fn health(command: &HealthCommand) -> Result<ExitCode> {
    let rings = || command.rings.values();
    let sources = rings().flat_map(RingConfig::sources);
    let unwrapped = unwrap::all(sources, command.kms, command.verbose).await;
    let services = health::look_at(&command.service_keys, command.kms).await;
    let health = Health::check(rings(), &unwrapped, services, command.verbose);
    report::result(&health, command.output)?;
    Ok(if health.is_healthy() { ExitCode::Done } else { ExitCode::Unfinished })
}

/// Prints a new random key on stdout, in the open or wrapped by a KMS key.
pub async fn generate_key(command: &GenerateKeyCommand) -> Result<ExitCode> {
    let key = KeyBytes::generate()
        .map_err(|error| Error::outside(format!("cannot make a key: {error}")))?;
    match &command.wrap_with {
        None => report::line(&key.to_hex())?,
        Some(uri) => report::line(&wrapped(key, uri, command.kms).await?)?,
    }
    Ok(ExitCode::Done)
}

/// The key as only the KMS opens it, in one line, after a look at whether it does.
async fn wrapped(key: KeyBytes, uri: &KeyUri, settings: KmsSettings) -> Result<String> {
    let kms = Kms::new(settings).key(uri).await?;
    let mut wrapped = kms.wrap(key.expose()).await?;
    let unwrapped = kms.unwrap(&wrapped).await?;
    if *unwrapped.key != key.expose()[..] {
        return Err(
            Error::bug("the KMS unwraps another key than it has wrapped").at(uri.to_string())
        );
    }
    wrapped.version = unwrapped.version.or(wrapped.version);
    wrapped.key_id = Some(Key::new(key).id().to_string());
    Ok(wrapped.to_line(uri))
}
