//! Which version of a key seals now: asked once a pass, of each key that values are sealed with.

use std::collections::BTreeMap;

use tokio::time::sleep;

use super::ServiceKeys;
use crate::db::retry::Patience;
use crate::error::{Error, Result};
use crate::kms::{Binding, Item, KeyUri, KmsKey, Service};

/// The newest version of each key, as far as its service tells.
#[derive(Clone, Debug, Default)]
pub struct NewestVersions(BTreeMap<KeyUri, Option<String>>);

/// Whether a service whose newest version takes its time to be the one that seals is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Canary {
    /// Nothing is sealed: the command reads, and what is noted tells it the version.
    Left,
    /// It must seal under it before anything it says of versions is believed.
    Sealed,
}

/// What is sealed to see under which version, and thrown away.
const CANARY: &[u8] = b"reseal";

impl NewestVersions {
    /// Asks each service. All troubles at once.
    pub async fn ask<'u>(
        uris: impl Iterator<Item = (&'u KeyUri, Canary)>,
        services: &ServiceKeys,
    ) -> Result<Self> {
        let (mut newest, mut troubles) = (BTreeMap::new(), Vec::new());
        for (uri, canary) in uris {
            let Some(key) = services.get(uri).filter(|_| !newest.contains_key(uri)) else {
                continue;
            };
            match of_key(key, services, canary).await {
                Ok(version) => drop(newest.insert(uri.clone(), version)),
                Err(error) => troubles.push(error),
            }
        }
        Error::all(troubles).map_or(Ok(Self(newest)), Err)
    }

    pub fn of(&self, uri: &KeyUri) -> Option<String> {
        self.0.get(uri).cloned().flatten()
    }
}

async fn of_key(key: &KmsKey, services: &ServiceKeys, canary: Canary) -> Result<Option<String>> {
    let newest = key.newest_version().await?;
    if key.uri().service() != Service::Gcp || canary == Canary::Left {
        return Ok(newest);
    }
    // A change of the primary version takes its time to be known everywhere, and where it is not, old
    // ciphertexts are taken for new ones.
    let mut patience = Patience::new(services.retry_for());
    loop {
        let item = Item { bytes: CANARY, binding: &Binding::None, version: None };
        let sealed = key.seal_all(&[item]).await?.pop().and_then(|outcome| outcome.done());
        let version = sealed.and_then(|sealed| sealed.version);
        if version.is_none() || version == newest {
            return Ok(newest);
        }
        sleep(patience.next_pause(late(key.uri(), version.as_deref(), newest.as_deref()))?).await;
    }
}

/// What is said when a service goes on to seal under an older version.
pub(super) fn late(key: &KeyUri, version: Option<&str>, newest: Option<&str>) -> Error {
    let (service, unknown) = (key.service(), "an unknown version");
    let (version, newest) = (version.unwrap_or(unknown), newest.unwrap_or(unknown));
    Error::outside(format!("{service} still seals under version {version}, not under {newest}"))
        .at(key.to_string())
        .hint("a new primary version takes minutes, at worst hours, to be used everywhere: run again later")
}
