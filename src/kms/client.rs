//! The client of whichever service a key belongs to, as far as this build has it.

use super::KeyDescription;
#[cfg(feature = "aws")]
use super::item::NewDataKey;
use super::item::{Binding, Item, OpenedItem, Rewrap, RewrappedItem, SealedItem};
use super::many::Batch;
use super::trouble::Trouble;
use super::uri::KeyUri;
use crate::error::{Error, Result};

#[cfg(feature = "aws")]
use super::aws::AwsClient;
#[cfg(feature = "azure")]
use super::azure::AzureClient;
#[cfg(feature = "gcp")]
use super::gcp::GcpClient;
#[cfg(feature = "vault")]
use super::vault::VaultClient;

/// Bound to one key.
pub(super) enum Client {
    #[cfg(feature = "aws")]
    Aws(AwsClient),
    #[cfg(feature = "gcp")]
    Gcp(GcpClient),
    #[cfg(feature = "azure")]
    Azure(AzureClient),
    #[cfg(feature = "vault")]
    Vault(VaultClient),
}

/// Passes a call on to the client that is there.
macro_rules! of_service {
    ($client:expr, $bound:ident => $call:expr) => {
        match *$client {
            #[cfg(feature = "aws")]
            Client::Aws(ref $bound) => $call,
            #[cfg(feature = "gcp")]
            Client::Gcp(ref $bound) => $call,
            #[cfg(feature = "azure")]
            Client::Azure(ref $bound) => $call,
            #[cfg(feature = "vault")]
            Client::Vault(ref $bound) => $call,
        }
    };
}

impl Client {
    /// Finds settings and credentials; most clients fetch a token only when it is needed.
    pub(super) async fn connect(uri: &KeyUri) -> Result<Self> {
        // The clients that do not choose their TLS take the process's; a choice that was made before
        // is the same one.
        drop(rustls::crypto::ring::default_provider().install_default());
        match uri {
            #[cfg(feature = "aws")]
            KeyUri::Aws(key) => AwsClient::connect(key).await.map(Self::Aws),
            #[cfg(feature = "gcp")]
            KeyUri::Gcp(key) => GcpClient::connect(key).await.map(Self::Gcp),
            #[cfg(feature = "azure")]
            KeyUri::Azure(key) => AzureClient::connect(key).map(Self::Azure),
            #[cfg(feature = "vault")]
            KeyUri::Vault(key) => VaultClient::connect(key).map(Self::Vault),
            #[allow(unreachable_patterns, reason = "reachable when a feature is off")]
            other => {
                let service = other.service();
                Err(Error::usage(format!("this build of reseal cannot call {service}"))
                    .hint(format!("build it with the feature `{}`", service.label())))
            }
        }
    }

    /// Cuts items into what one call takes.
    #[cfg_attr(
        not(feature = "vault"),
        allow(unused_variables, reason = "no service takes several")
    )]
    pub(super) fn batches<'i, I>(
        &self,
        items: &'i [I],
        length: impl Fn(&I) -> usize,
    ) -> Vec<&'i [I]> {
        match self {
            #[cfg(feature = "vault")]
            Self::Vault(_) => super::vault::batches(items, length),
            #[allow(unreachable_patterns, reason = "reachable when another feature is on")]
            _ => items.chunks(1).collect(),
        }
    }

    #[cfg_attr(
        not(any(feature = "aws", feature = "gcp", feature = "azure", feature = "vault")),
        allow(unused_variables, reason = "there is no service")
    )]
    pub(super) async fn seal(&self, items: &[Item<'_>]) -> Batch<SealedItem> {
        match *self {
            #[cfg(feature = "aws")]
            Self::Aws(ref client) => alone(client.seal(single(items)?).await),
            #[cfg(feature = "gcp")]
            Self::Gcp(ref client) => alone(client.seal(single(items)?).await),
            #[cfg(feature = "azure")]
            Self::Azure(ref client) => alone(client.seal(single(items)?).await),
            #[cfg(feature = "vault")]
            Self::Vault(ref client) => client.seal(items).await,
        }
    }

    #[cfg_attr(
        not(any(feature = "aws", feature = "gcp", feature = "azure", feature = "vault")),
        allow(unused_variables, reason = "there is no service")
    )]
    pub(super) async fn open(&self, items: &[Item<'_>]) -> Batch<OpenedItem> {
        match *self {
            #[cfg(feature = "aws")]
            Self::Aws(ref client) => alone(client.open(single(items)?).await),
            #[cfg(feature = "gcp")]
            Self::Gcp(ref client) => alone(client.open(single(items)?).await),
            #[cfg(feature = "azure")]
            Self::Azure(ref client) => alone(client.open(single(items)?).await),
            #[cfg(feature = "vault")]
            Self::Vault(ref client) => client.open(items).await,
        }
    }

    #[cfg_attr(not(feature = "vault"), allow(unused_variables, reason = "it asks what is bound"))]
    #[allow(unreachable_patterns, reason = "reachable when another feature is on")]
    pub(super) fn rewraps_to(&self, destination: &Self, bindings: [&Binding; 2]) -> bool {
        match (self, destination) {
            #[cfg(feature = "aws")]
            (Self::Aws(from), Self::Aws(to)) => from.region() == to.region(),
            #[cfg(feature = "vault")]
            (Self::Vault(from), Self::Vault(to)) => {
                from.is_same_key(to) && bindings.iter().all(|it| matches!(it, Binding::None))
            }
            _ => false,
        }
    }

    #[allow(unreachable_patterns, reason = "reachable when another feature is on")]
    #[cfg_attr(
        not(any(feature = "aws", feature = "vault")),
        allow(unused_variables, reason = "no service wraps again")
    )]
    pub(super) async fn rewrap(
        &self,
        items: &[Rewrap<'_>],
        destination: &Self,
    ) -> Batch<RewrappedItem> {
        match (self, destination) {
            #[cfg(feature = "aws")]
            (Self::Aws(from), Self::Aws(to)) => alone(from.rewrap(single(items)?, to).await),
            #[cfg(feature = "vault")]
            (Self::Vault(client), _) => client.rewrap(items).await,
            _ => Err(Trouble::Final(Error::bug("asked to rewrap what cannot be rewrapped"))),
        }
    }

    /// A new data key of the service's own making.
    #[cfg(feature = "aws")]
    #[allow(unreachable_patterns, reason = "reachable when another feature is on")]
    pub(super) async fn new_data_key(&self, binding: &Binding) -> Result<NewDataKey, Trouble> {
        match self {
            Self::Aws(client) => client.new_data_key(binding).await,
            _ => {
                Err(Trouble::Final(Error::bug("asked for a data key of a service that makes none")))
            }
        }
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        of_service!(self, client => client.describe().await)
    }
}

/// The one item of a batch, where a service takes no more.
#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
fn single<I>(batch: &[I]) -> Result<&I, Trouble> {
    match batch {
        [item] => Ok(item),
        _ => Err(Trouble::Final(Error::bug("a batch for a service that takes none"))),
    }
}

/// The outcome of a batch of one.
#[cfg(any(feature = "aws", feature = "gcp", feature = "azure"))]
fn alone<T>(outcome: Result<T, Trouble>) -> Batch<T> {
    match outcome {
        Ok(done) => Ok(vec![Ok(done)]),
        Err(Trouble::Item(refused)) => Ok(vec![Err(refused)]),
        Err(trouble) => Err(trouble),
    }
}
