//! Keys that never leave where companies keep them: AWS KMS, Cloud KMS, Azure Key Vault, and the
//! transit engine of Vault and OpenBao. They wrap our data keys, and unwrap them again.
//!
//! ```text
//!  KeyUri ──► Kms::key ──► KmsKey: wrap, unwrap, describe; many: seal, open, rewrap
//!                             │
//!                       Connection: credentials that expire are looked for again
//!                             │
//!                          Pace: so many at once, so many a second, slower when told to
//!                             │
//!            aws, gcp, azure, vault: one file a service, each behind its Cargo feature
//! ```
//!
//! It knows async and no SQL. Credentials are found as each service's own tools find them, and no
//! message holds one. The clients' own retries are off: every call may be repeated without harm, so
//! there is one policy, one pace and one set of figures for all of them. What the client libraries
//! copy into their own buffers is freed by them and not wiped; our copies are.

#![cfg_attr(
    not(all(feature = "aws", feature = "gcp", feature = "azure", feature = "vault")),
    allow(
        dead_code,
        unused_variables,
        reason = "what clients use that are left out of this build"
    )
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{Error, Result};

mod client;
mod connection;
mod figures;
mod item;
mod look;
mod many;
mod network;
mod pace;
mod trouble;
mod uri;
mod version;
mod wrapped;

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "gcp")]
mod gcp;
#[cfg(feature = "vault")]
mod vault;

use client::Client;
use connection::Connection;
use pace::Pace;
use trouble::Trouble;

pub use figures::{Figures, figures};
pub use item::{
    Binding, Item, ItemOutcome, ItemRefusal, NewDataKey, OpenedItem, Rewrap, RewrappedItem,
    SealedItem,
};
pub use look::Allowed;
pub use many::VAULT_BATCH_ITEMS_MAX;
pub use uri::{
    AwsKey, AzureKey, GcpKey, KeyUri, MalformedKeyUri, Service, VaultKey, WrapAlgorithm,
};
pub use version::{compare_versions, vault_version};
pub use wrapped::{MalformedWrappedKey, WrappedKey};

/// How services are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KmsSettings {
    /// Calls a second to one service at most; `None` for half of what it usually allows.
    pub calls_per_second: Option<u32>,
    /// How long trouble outside is retried.
    pub retry_for: Duration,
}

impl KmsSettings {
    /// Calls a second to this service at most.
    pub fn calls_per_second_to(&self, service: Service) -> u32 {
        self.calls_per_second.unwrap_or(pace::usual_rate(service))
    }

    /// One attempt, for somebody who waits for the answer.
    pub fn impatient() -> Self {
        Self { calls_per_second: None, retry_for: Duration::ZERO }
    }
}

/// The key services, each with one pace for all of its keys.
pub struct Kms {
    paces: BTreeMap<Service, Arc<Pace>>,
}

impl Kms {
    /// Calls nobody yet.
    pub fn new(settings: KmsSettings) -> Self {
        let pace = |service| (service, Arc::new(Pace::new(service, settings)));
        Self { paces: Service::ALL.into_iter().map(pace).collect() }
    }

    /// The key by this name, with the credentials of this process. Whether it exists is seen when
    /// it is used.
    pub async fn key(&self, uri: &KeyUri) -> Result<KmsKey> {
        let connection = Connection::to(uri).await.map_err(|error| located(error, uri))?;
        let pace = Arc::clone(&self.paces[&uri.service()]);
        Ok(KmsKey { uri: uri.clone(), connection, pace })
    }
}

/// One key of a key service.
pub struct KmsKey {
    uri: KeyUri,
    connection: Connection,
    pace: Arc<Pace>,
}

/// A data key in the open.
pub struct Unwrapped {
    pub key: Zeroizing<Vec<u8>>,
    /// The version of the KMS key that had wrapped it, where the service tells.
    pub version: Option<String>,
    /// Whether that is the version that wraps now, where unwrapping tells.
    pub is_newest: Option<bool>,
}

/// What a service tells of a key without using it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// The version that wraps now, where the service tells.
    pub version: Option<String>,
}

impl KmsKey {
    pub fn uri(&self) -> &KeyUri {
        &self.uri
    }

    /// Wraps a data key under the newest version.
    pub async fn wrap(&self, key: &[u8]) -> Result<WrappedKey> {
        let items = [Item { bytes: key, binding: &Binding::None, version: None }];
        let items = &items;
        let sealed = self.one(self.call(|client| async move { client.seal(items).await }).await)?;
        Ok(WrappedKey { ciphertext: sealed.ciphertext, version: sealed.version, key_id: None })
    }

    /// Opens a wrapped data key.
    pub async fn unwrap(&self, wrapped: &WrappedKey) -> Result<Unwrapped> {
        let version = wrapped.version.as_deref();
        let items = [Item { bytes: &wrapped.ciphertext, binding: &Binding::None, version }];
        let items = &items;
        let opened = self.one(self.call(|client| async move { client.open(items).await }).await)?;
        // Cloud KMS does not tell what the wrapped key's file may
        let version = opened.version.or(wrapped.version.clone());
        Ok(Unwrapped { key: opened.plaintext, version, is_newest: opened.is_newest })
    }

    /// Asks which version wraps now. It needs a permission of its own, see docs/kms.md.
    pub async fn describe(&self) -> Result<KeyDescription> {
        let described = self.call(|client| async move { client.describe().await }).await;
        described.map_err(|error| located(error, &self.uri))
    }

    /// Calls at the service's pace, with credentials that are accepted.
    async fn call<T, F>(&self, call: impl Fn(Arc<Client>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        // in a box, so that the futures around it do not grow with those of the clients
        self.pace.call(|| Box::pin(self.connection.call(&call))).await
    }
}

/// The key's name, unless the trouble has a place of its own.
fn located(error: Error, uri: &KeyUri) -> Error {
    if error.place.is_some() { error } else { error.at(uri.to_string()) }
}
