//! Values that key services have sealed themselves: what can be told of them without asking, what is
//! asked, and what becomes of the answers.
//!
//! ```text
//!  sort ──► told without a call: done, still to be done, a failure
//!    │      (pure; by the version that the ciphertext or a marker names)
//!    ▼
//!  Question ──► ask ──► Answer: as it should be, sealed anew, opened, a failure
//!               many at once, each bad one by itself
//! ```
//!
//! Where a service wraps again by itself no plaintext is shown; else a value is opened and sealed. It knows
//! services, layouts and values, and neither SQL nor a plan.

mod ask;
mod column;
mod cost;
mod newest;
mod question;
mod sort;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::envelope::Envelopes;
use crate::error::{Error, Result};
use crate::kms::{KeyUri, Kms, KmsKey, KmsSettings};

pub use ask::{Answer, AskedColumn, ask};
pub use column::{SealedColumn, Told};
pub use newest::{Canary, NewestVersions};
pub use question::Question;
pub use sort::{Sorted, sort};

/// The keys of key services that a configuration seals values with, each with its client.
#[derive(Default)]
pub struct ServiceKeys {
    keys: BTreeMap<KeyUri, Arc<KmsKey>>,
    retry_for: Duration,
    /// The data keys that they have wrapped, and what is known of them.
    envelopes: Envelopes,
}

impl ServiceKeys {
    /// Finds the clients; all troubles at once. Nothing is called yet.
    pub async fn connect(
        uris: impl Iterator<Item = &KeyUri>,
        settings: KmsSettings,
    ) -> Result<Self> {
        let kms = Kms::new(settings);
        let (mut keys, mut troubles) = (BTreeMap::new(), Vec::new());
        for uri in uris {
            if keys.contains_key(uri) {
                continue;
            }
            match kms.key(uri).await {
                Ok(key) => drop(keys.insert(uri.clone(), Arc::new(key))),
                Err(error) => troubles.push(error),
            }
        }
        let (retry_for, envelopes) = (settings.retry_for, Envelopes::default());
        Error::all(troubles).map_or(Ok(Self { keys, retry_for, envelopes }), Err)
    }

    /// The key of this name, if it was connected.
    pub fn get(&self, uri: &KeyUri) -> Option<&Arc<KmsKey>> {
        self.keys.get(uri)
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &KeyUri> {
        self.keys.keys()
    }

    pub fn envelopes(&self) -> &Envelopes {
        &self.envelopes
    }

    /// How long a service may still seal under an older version than its newest.
    pub fn retry_for(&self) -> Duration {
        self.retry_for
    }
}
