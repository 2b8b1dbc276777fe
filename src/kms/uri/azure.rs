//! Keys of Azure Key Vault and Managed HSM.

use std::fmt;

use super::MalformedKeyUri;
use super::words::{is_host, is_name, split_query, write_query};

/// A key of a vault; without a version its newest one wraps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AzureKey {
    /// `NAME.vault.azure.net`
    pub host: String,
    pub name: String,
    pub version: Option<String>,
    pub algorithm: WrapAlgorithm,
}

/// How the key wraps: RSA keys with OAEP, AES keys of a Managed HSM with AES key wrap (RFC 3394).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrapAlgorithm {
    #[default]
    RsaOaep256,
    RsaOaep,
    A256Kw,
}

impl WrapAlgorithm {
    const ALL: [Self; 3] = [Self::RsaOaep256, Self::RsaOaep, Self::A256Kw];

    /// As in JSON Web Algorithms (RFC 7518).
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::RsaOaep => "RSA-OAEP",
            Self::A256Kw => "A256KW",
        }
    }
}

const SHAPE: &str = "azurekeyvault://NAME.vault.azure.net/keys/KEY[/VERSION]";

impl AzureKey {
    pub(super) fn parse(rest: &str) -> Result<Self, MalformedKeyUri> {
        let wrong = |what| MalformedKeyUri { what, hint: SHAPE };
        let not_a_key = || wrong("this is not a key of an Azure vault");
        let (path, pairs) = split_query(rest).ok_or_else(not_a_key)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<&str> = path.split('/').collect();
        let (host, name, version) = match segments[..] {
            [host, "keys", name] => (host, name, None),
            [host, "keys", name, version] => (host, name, Some(version)),
            _ => return Err(not_a_key()),
        };
        if !(is_host(host) && is_name(name) && version.is_none_or(is_name)) {
            return Err(not_a_key());
        }
        let mut algorithm = WrapAlgorithm::default();
        for (key, value) in pairs {
            let known = WrapAlgorithm::ALL.into_iter().find(|known| known.name() == value);
            algorithm = known.filter(|_| key == "algorithm").ok_or(wrong(
                "an Azure key takes algorithm=RSA-OAEP-256, RSA-OAEP or A256KW after the ?",
            ))?;
        }
        let version = version.map(str::to_owned);
        Ok(Self { host: host.to_owned(), name: name.to_owned(), version, algorithm })
    }
}

impl fmt::Display for AzureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "azurekeyvault://{}/keys/{}", self.host, self.name)?;
        if let Some(version) = &self.version {
            write!(f, "/{version}")?;
        }
        let algorithm = Some(self.algorithm).filter(|it| *it != WrapAlgorithm::default());
        write_query(f, algorithm.map(|it| ("algorithm".to_owned(), it.name())))
    }
}
