//! Many items at once: in batches where a service takes them, else as single calls at one pace.

use std::sync::Arc;

use futures_util::future::try_join_all;
use zeroize::Zeroizing;

use super::client::Client;
use super::item::{
    Binding, Item, ItemOutcome, NewDataKey, OpenedItem, Rewrap, RewrappedItem, SealedItem,
};
use super::trouble::{Refused, Trouble};
use super::uri::Service;
use super::{KmsKey, located};
use crate::crypto::KeyBytes;
use crate::error::{Error, Result};

/// Items that one call of Vault takes: of two fields, and four strings, below OpenBao's limit.
pub const VAULT_BATCH_ITEMS_MAX: usize = 200;

/// What a client answers of one batch: an outcome an item, in their order.
pub(super) type Batch<T> = Result<Vec<Result<T, Refused>>, Trouble>;

impl KmsKey {
    /// Seals every item under the newest version (or the one that an Azure key's URI names).
    pub async fn seal_all(&self, items: &[Item<'_>]) -> Result<Vec<ItemOutcome<SealedItem>>> {
        self.takes(items.iter().map(|item| item.binding))?;
        let mut calls = Vec::new();
        for batch in self.connection.client().batches(items, |item| item.bytes.len()) {
            calls.push(self.call(move |client| async move { outcomes(client.seal(batch).await) }));
        }
        self.answers(try_join_all(calls).await)
    }

    /// Opens every item.
    pub async fn open_all(&self, items: &[Item<'_>]) -> Result<Vec<ItemOutcome<OpenedItem>>> {
        self.takes(items.iter().map(|item| item.binding))?;
        let mut calls = Vec::new();
        for batch in self.connection.client().batches(items, |item| item.bytes.len()) {
            calls.push(self.call(move |client| async move { outcomes(client.open(batch).await) }));
        }
        self.answers(try_join_all(calls).await)
    }

    /// Whether the service wraps again by itself: Vault under the same key and where nothing is
    /// bound, AWS within a region.
    pub fn rewraps_to(&self, destination: &Self, bindings: [&Binding; 2]) -> bool {
        self.connection.client().rewraps_to(&destination.connection.client(), bindings)
    }

    /// Wraps every item again under the newest version of `destination`, without a plaintext leaving
    /// the service. It is refused where [`KmsKey::rewraps_to`] says so.
    pub async fn rewrap_all(
        &self,
        items: &[Rewrap<'_>],
        destination: &Self,
    ) -> Result<Vec<ItemOutcome<RewrappedItem>>> {
        self.takes(items.iter().map(|item| item.item.binding))?;
        destination.takes(items.iter().map(|item| item.binding))?;
        let rewraps =
            |item: &Rewrap<'_>| self.rewraps_to(destination, [item.item.binding, item.binding]);
        if !items.iter().all(rewraps) {
            let what = format!("{} cannot wrap this again without showing it", self.uri.service());
            let hint = "it is opened and sealed instead, which needs both permissions";
            return Err(located(Error::usage(what).hint(hint), &self.uri));
        }
        let mut calls = Vec::new();
        for batch in self.connection.client().batches(items, |item| item.item.bytes.len()) {
            let call = move |client: Arc<Client>| async move {
                outcomes(client.rewrap(batch, &destination.connection.client()).await)
            };
            calls.push(self.call(call));
        }
        self.answers(try_join_all(calls).await)
    }

    /// New random data keys of 32 bytes, each bound as it is said. AWS makes them itself, and tells its key
    /// material; elsewhere they are made here and sealed there.
    pub async fn new_data_keys(&self, bindings: &[Binding]) -> Result<Vec<NewDataKey>> {
        self.takes(bindings.iter())?;
        #[cfg(feature = "aws")]
        #[allow(irrefutable_let_patterns, reason = "refutable when another feature is on")]
        if let Client::Aws(_) = &*self.connection.client() {
            let make = |binding| {
                self.call(move |client| async move { client.new_data_key(binding).await })
            };
            let made = try_join_all(bindings.iter().map(make)).await;
            return made.map_err(|error| located(error, &self.uri));
        }
        self.sealed_data_keys(bindings).await
    }

    async fn sealed_data_keys(&self, bindings: &[Binding]) -> Result<Vec<NewDataKey>> {
        let mut keys = Vec::with_capacity(bindings.len());
        for _ in bindings {
            let key = KeyBytes::generate()
                .map_err(|error| Error::outside(format!("cannot make a key: {error}")))?;
            keys.push(Zeroizing::new(key.expose().to_vec()));
        }
        let items: Vec<Item<'_>> = keys
            .iter()
            .zip(bindings)
            .map(|(bytes, binding)| Item { bytes, binding, version: None })
            .collect();
        let sealed = self.seal_all(&items).await?;
        let made = keys.into_iter().zip(sealed).map(|(plaintext, outcome)| match outcome {
            ItemOutcome::Done(wrapped) => Ok(NewDataKey { plaintext, wrapped }),
            ItemOutcome::Refused(refusal) => {
                let what = format!("{} wraps no data key: {refusal}", self.uri.service());
                Err(located(Error::usage(what), &self.uri))
            }
        });
        made.collect()
    }

    /// The version that seals now, where the service tells. It needs a permission of its own, see
    /// docs/kms.md; Cloud KMS's quota for this call is small.
    pub async fn newest_version(&self) -> Result<Option<String>> {
        Ok(self.describe().await?.version)
    }

    /// The outcome of a batch of one, as an error where it is one.
    pub(super) fn one<T>(&self, answer: Result<Vec<Result<T, Refused>>>) -> Result<T> {
        let service = self.uri.service();
        let first = answer.map(|outcomes| outcomes.into_iter().next());
        let outcome = match first {
            Ok(Some(outcome)) => outcome.map_err(|refused| refused.error),
            Ok(None) => Err(Trouble::answer(service, "is short").into_error(service)),
            Err(error) => Err(error),
        };
        outcome.map_err(|error| located(error, &self.uri))
    }

    fn answers<T>(&self, answers: Result<Vec<Vec<T>>>) -> Result<Vec<T>> {
        let answers = answers.map_err(|error| located(error, &self.uri))?;
        Ok(answers.into_iter().flatten().collect())
    }

    fn takes<'b>(&self, bindings: impl Iterator<Item = &'b Binding>) -> Result<()> {
        let service = self.uri.service();
        let (fits, hint): (fn(&Binding) -> bool, _) = match service {
            Service::Aws => (|it| !matches!(it, Binding::Aad(_)), "it binds to a context"),
            Service::Azure => (|it| matches!(it, Binding::None), "it binds to nothing"),
            Service::Gcp | Service::Vault => {
                (|it| !matches!(it, Binding::Context(_)), "it binds to additional data")
            }
        };
        let mut bindings = bindings;
        if bindings.all(fits) {
            return Ok(());
        }
        let what = format!("{service} cannot bind a ciphertext in this way");
        Err(located(Error::usage(what).hint(hint), &self.uri))
    }
}

/// As they are told outside.
fn outcomes<T>(batch: Batch<T>) -> Result<Vec<ItemOutcome<T>>, Trouble> {
    let outcome = |item| match item {
        Ok(done) => ItemOutcome::Done(done),
        Err(Refused { refusal, .. }) => ItemOutcome::Refused(refusal),
    };
    Ok(batch?.into_iter().map(outcome).collect())
}
