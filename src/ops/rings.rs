//! Loads the key rings of a configuration, whose wrapped keys a KMS has unwrapped before.

use std::sync::Arc;

use super::unwrap;
use crate::config::{Config, ServiceKeyUse};
use crate::error::{Error, Result};
use crate::keys::{KeyRing, RingConfig, UnwrappedKeys};
use crate::plan::make::Rings;
use crate::sealed::ServiceKeys;

/// Loads every ring that the tables use; all troubles at once.
pub async fn all(config: &Config) -> Result<Rings> {
    let sources = config.rings.values().flat_map(RingConfig::sources);
    let unwrapped = unwrap::all(sources, config.run.kms(), false).await;
    loaded(config, &unwrapped, KeyRing::load_with, services(config, |_| true).await)
}

/// … with their current keys alone.
pub async fn current_only(config: &Config) -> Result<Rings> {
    let sources = config.rings.values().map(|ring| &ring.current);
    let unwrapped = unwrap::all(sources, config.run.kms(), false).await;
    let services = services(config, |wanted| wanted.seals).await;
    loaded(config, &unwrapped, KeyRing::load_current_only_with, services)
}

/// The keys of key services that columns name, as far as they are needed.
async fn services(config: &Config, is_needed: fn(&ServiceKeyUse) -> bool) -> Result<ServiceKeys> {
    let keys = config.service_keys();
    let needed = keys.iter().filter(|wanted| is_needed(wanted)).map(|wanted| &wanted.key);
    ServiceKeys::connect(needed, config.run.kms()).await
}

fn loaded(
    config: &Config,
    unwrapped: &UnwrappedKeys,
    load: fn(&RingConfig, &UnwrappedKeys) -> Result<KeyRing>,
    services: Result<ServiceKeys>,
) -> Result<Rings> {
    let mut troubles = Vec::new();
    let mut rings = match services {
        Ok(services) => Rings::new(services),
        Err(error) => {
            troubles.push(error);
            Rings::default()
        }
    };
    for (name, ring) in &config.rings {
        match load(ring, unwrapped) {
            Ok(ring) => drop(rings.insert(name.clone(), Arc::new(ring))),
            Err(error) => troubles.push(error),
        }
    }
    Error::all(troubles).map_or(Ok(rings), Err)
}
