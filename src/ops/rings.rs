//! Loads the key rings of a configuration, whose wrapped keys a KMS has unwrapped before.

use std::sync::Arc;

use super::unwrap;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys::{KeyRing, RingConfig, UnwrappedKeys};
use crate::plan::make::Rings;

/// Loads every ring that the tables use; all troubles at once.
pub async fn all(config: &Config) -> Result<Rings> {
    let sources = config.rings.values().flat_map(RingConfig::sources);
    loaded(config, &unwrap::all(sources, config.run.kms(), false).await, KeyRing::load_with)
}

/// … with their current keys alone.
pub async fn current_only(config: &Config) -> Result<Rings> {
    let sources = config.rings.values().map(|ring| &ring.current);
    let unwrapped = unwrap::all(sources, config.run.kms(), false).await;
    loaded(config, &unwrapped, KeyRing::load_current_only_with)
}

fn loaded(
    config: &Config,
    unwrapped: &UnwrappedKeys,
    load: fn(&RingConfig, &UnwrappedKeys) -> Result<KeyRing>,
) -> Result<Rings> {
    let mut rings = Rings::new();
    let mut troubles = Vec::new();
    for (name, ring) in &config.rings {
        match load(ring, unwrapped) {
            Ok(ring) => drop(rings.insert(name.clone(), Arc::new(ring))),
            Err(error) => troubles.push(error),
        }
    }
    Error::all(troubles).map_or(Ok(rings), Err)
}
