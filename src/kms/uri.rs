//! Names of KMS keys: the URIs of the Go CDK, and Tink's as aliases of them.
//!
//! | service | Go CDK | Tink |
//! |---|---|---|
//! | AWS KMS | `awskms:///ARN`, `awskms://alias/NAME?region=R`, `awskms://ID?region=R` | `aws-kms://ARN` |
//! | GCP Cloud KMS | `gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K` | `gcp-kms://…` |
//! | Azure Key Vault | `azurekeyvault://NAME.vault.azure.net/keys/K[/VERSION]` | |
//! | Vault, OpenBao | `hashivault://K?engine=MOUNT` | `hcvault://HOST/MOUNT/keys/K` |
//!
//! A text that is none of them is not repeated: it may be a key that was put in its place.

use std::fmt;
use std::str::FromStr;

mod aws;
mod azure;
mod gcp;
mod vault;
mod words;

pub use aws::AwsKey;
pub use azure::{AzureKey, WrapAlgorithm};
pub use gcp::GcpKey;
pub use vault::VaultKey;

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    Aws,
    Gcp,
    Azure,
    Vault,
}

impl Service {
    pub const ALL: [Service; 4] = [Service::Aws, Service::Gcp, Service::Azure, Service::Vault];

    /// As a label of a metric, and as the Cargo feature that holds its client.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
            Self::Vault => "vault",
        }
    }
}

/// As its users call it.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "AWS KMS",
            Self::Gcp => "Cloud KMS",
            Self::Azure => "Azure Key Vault",
            Self::Vault => "Vault",
        })
    }
}

/// A key of a key service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUri {
    Aws(AwsKey),
    Gcp(GcpKey),
    Azure(AzureKey),
    Vault(VaultKey),
}

impl KeyUri {
    pub fn service(&self) -> Service {
        match self {
            Self::Aws(_) => Service::Aws,
            Self::Gcp(_) => Service::Gcp,
            Self::Azure(_) => Service::Azure,
            Self::Vault(_) => Service::Vault,
        }
    }
}

/// In the form of the Go CDK.
impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(key) => key.fmt(f),
            Self::Gcp(key) => key.fmt(f),
            Self::Azure(key) => key.fmt(f),
            Self::Vault(key) => key.fmt(f),
        }
    }
}

impl FromStr for KeyUri {
    type Err = MalformedKeyUri;

    fn from_str(text: &str) -> Result<Self, MalformedKeyUri> {
        let (scheme, rest) = text.split_once("://").ok_or(UNKNOWN_SCHEME)?;
        match scheme {
            "awskms" | "aws-kms" => AwsKey::parse(rest).map(Self::Aws),
            "gcpkms" | "gcp-kms" => GcpKey::parse(rest).map(Self::Gcp),
            "azurekeyvault" => AzureKey::parse(rest).map(Self::Azure),
            "hashivault" => VaultKey::parse(rest).map(Self::Vault),
            "hcvault" => VaultKey::parse_of_tink(rest).map(Self::Vault),
            _ => Err(UNKNOWN_SCHEME),
        }
    }
}

const UNKNOWN_SCHEME: MalformedKeyUri = MalformedKeyUri {
    what: "a KMS key begins with awskms://, gcpkms://, azurekeyvault:// or hashivault://",
    hint: "for example awskms:///arn:aws:kms:REGION:ACCOUNT:key/ID, see docs/kms.md",
};

/// Why a text names no key of a key service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedKeyUri {
    pub what: &'static str,
    /// What it should look like.
    pub hint: &'static str,
}

impl fmt::Display for MalformedKeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl std::error::Error for MalformedKeyUri {}

#[cfg(test)]
mod tests;
