//! The rings that are searched with: every key, whatever it looks like, and where each was found.

use std::sync::Arc;

use super::forms::Roster;
use crate::error::{Error, Result};
use crate::keys::{KeyRing, KeyUse, RingConfig, UnwrappedKeys};

/// Key rings in an order of their own.
#[derive(Clone)]
pub struct SearchRings {
    configs: Arc<[RingConfig]>,
    rings: Arc<[Arc<KeyRing>]>,
}

impl SearchRings {
    /// Loads the rings for all forms of a roster, wrapped keys having been unwrapped; all troubles at once.
    ///
    /// # Errors
    /// A current key is missing, or a key stands there twice.
    pub fn load<'c>(
        configs: impl IntoIterator<Item = &'c RingConfig>,
        roster: &Roster,
        unwrapped: &UnwrappedKeys,
    ) -> Result<Self> {
        let mut uses: Vec<KeyUse> =
            roster.forms.iter().map(|form| KeyUse::of(&form.layout, false)).collect();
        uses.sort();
        uses.dedup();
        let (mut known, mut rings, mut troubles) = (Vec::new(), Vec::new(), Vec::new());
        for config in configs {
            match KeyRing::load_with(
                &RingConfig { uses: uses.clone(), ..config.clone() },
                unwrapped,
            ) {
                Ok(ring) => {
                    known.push(config.clone());
                    rings.push(Arc::new(ring));
                }
                Err(error) => troubles.push(error),
            }
        }
        let loaded = Self { configs: known.into(), rings: rings.into() };
        Error::all(troubles).map_or(Ok(loaded), Err)
    }

    pub fn all(&self) -> &[Arc<KeyRing>] {
        &self.rings
    }

    pub fn ring(&self, place: usize) -> &KeyRing {
        &self.rings[place]
    }

    pub fn config(&self, place: usize) -> &RingConfig {
        &self.configs[place]
    }

    pub fn configs(&self) -> &[RingConfig] {
        &self.configs
    }

    /// Which ring has this name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.configs.iter().position(|config| config.name == name)
    }

    /// A key by where it was found: 0 for the current one of its ring.
    pub fn source(&self, ring: usize, key: usize) -> &str {
        let ring = self.ring(ring);
        match key.checked_sub(1) {
            None => ring.current().source(),
            Some(previous) => ring.previous().get(previous).map_or("", |key| key.source()),
        }
    }
}
