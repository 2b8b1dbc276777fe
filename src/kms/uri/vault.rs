//! Keys of the transit engine of Vault and OpenBao.

use std::fmt;

use super::MalformedKeyUri;
use super::words::{is_host, is_name, split_query, write_query};

/// A transit key; its newest version wraps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaultKey {
    /// `HOST:PORT` of Tink's form, spoken to over TLS; else `VAULT_ADDR` says where.
    pub host: Option<String>,
    /// Where the transit engine is mounted.
    pub mount: String,
    pub name: String,
}

const SHAPE: &str = "hashivault://KEY?engine=MOUNT, the server being in VAULT_ADDR";
const TINK_SHAPE: &str = "hcvault://HOST:PORT/MOUNT/keys/KEY";

impl VaultKey {
    pub(super) fn parse(rest: &str) -> Result<Self, MalformedKeyUri> {
        let wrong = |what| MalformedKeyUri { what, hint: SHAPE };
        let (name, pairs) = split_query(rest).ok_or(wrong("this is not a key of Vault"))?;
        if !is_name(name) {
            return Err(wrong("this is not the name of a key of Vault's transit engine"));
        }
        let mut mount = "transit".to_owned();
        for (key, value) in pairs {
            if key != "engine" || !is_mount(&value) {
                return Err(wrong("a key of Vault takes engine=MOUNT after the ?"));
            }
            mount = value.trim_matches('/').to_owned();
        }
        Ok(Self { host: None, mount, name: name.to_owned() })
    }

    pub(super) fn parse_of_tink(rest: &str) -> Result<Self, MalformedKeyUri> {
        let wrong = MalformedKeyUri {
            what: "this is not a key of Vault's transit engine",
            hint: TINK_SHAPE,
        };
        let (host, path) = rest.split_once('/').ok_or(wrong)?;
        let (mount, name) = path.rsplit_once("/keys/").ok_or(wrong)?;
        if !(is_host(host) && is_mount(mount) && is_name(name)) {
            return Err(wrong);
        }
        let (host, mount, name) = (Some(host.to_owned()), mount.to_owned(), name.to_owned());
        Ok(Self { host, mount, name })
    }
}

/// A path of names.
fn is_mount(text: &str) -> bool {
    text.trim_matches('/').split('/').all(is_name)
}

impl fmt::Display for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            return write!(f, "hcvault://{host}/{}/keys/{}", self.mount, self.name);
        }
        write!(f, "hashivault://{}", self.name)?;
        let mount = Some(self.mount.as_str()).filter(|mount| *mount != "transit");
        write_query(f, mount.map(|mount| ("engine".to_owned(), mount)))
    }
}
