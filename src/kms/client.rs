//! The client of whichever service a key belongs to, as far as this build has it.

use super::trouble::Trouble;
use super::uri::KeyUri;
use super::{KeyDescription, Unwrapped, WrappedKey};
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

    pub(super) async fn wrap(&self, key: &[u8]) -> Result<WrappedKey, Trouble> {
        of_service!(self, client => client.wrap(key).await)
    }

    pub(super) async fn unwrap(&self, wrapped: &WrappedKey) -> Result<Unwrapped, Trouble> {
        of_service!(self, client => client.unwrap(wrapped).await)
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        of_service!(self, client => client.describe().await)
    }
}
