//! Where Vault is and who we are to it, by the variables that its own program reads; OpenBao's
//! come first. Without a token in them it is the one in `~/.vault-token`, where `vault login` and
//! the agents put it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, Identity, redirect};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::kms::uri::VaultKey;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

pub(super) struct Settings {
    /// Without a slash at its end.
    pub(super) address: String,
    token: Zeroizing<String>,
    namespace: Option<String>,
    /// The authority of the server's certificate, when the system's do not know it.
    authority: Option<PathBuf>,
    /// Our own certificate and its key.
    client: Option<(PathBuf, PathBuf)>,
}

impl Settings {
    pub(super) fn of(key: &VaultKey, environment: Environment<'_>) -> Result<Self> {
        let variable = |name: &str| {
            let found = environment(&format!("BAO_{name}"))
                .or_else(|| environment(&format!("VAULT_{name}")));
            found.filter(|value| !value.is_empty())
        };
        let address = match &key.host {
            Some(host) => format!("https://{host}"),
            None => variable("ADDR").ok_or_else(no_address)?,
        };
        if !(address.starts_with("https://") || address.starts_with("http://")) {
            return Err(no_address());
        }
        let token = variable("TOKEN").or_else(|| token_of_home(environment));
        let client = variable("CLIENT_CERT").zip(variable("CLIENT_KEY"));
        Ok(Self {
            address: address.trim_end_matches('/').to_owned(),
            token: Zeroizing::new(token.ok_or_else(no_token)?),
            namespace: variable("NAMESPACE"),
            authority: variable("CACERT").map(PathBuf::from),
            client: client.map(|(certificate, key)| (certificate.into(), key.into())),
        })
    }

    pub(super) fn client(&self) -> Result<Client> {
        let mut headers = HeaderMap::new();
        let mut token =
            HeaderValue::from_str(&self.token).map_err(|_| not_a_header("VAULT_TOKEN"))?;
        token.set_sensitive(true);
        headers.insert(HeaderName::from_static("x-vault-token"), token);
        // agents and proxies ask for it (SSRF protection)
        headers
            .insert(HeaderName::from_static("x-vault-request"), HeaderValue::from_static("true"));
        if let Some(namespace) = &self.namespace {
            let namespace =
                HeaderValue::from_str(namespace).map_err(|_| not_a_header("VAULT_NAMESPACE"))?;
            headers.insert(HeaderName::from_static("x-vault-namespace"), namespace);
        }
        let mut builder =
            Client::builder().connect_timeout(CONNECT_TIMEOUT).default_headers(headers);
        // the token would follow
        builder = builder.redirect(redirect::Policy::none());
        if let Some(path) = &self.authority {
            let pem = read(path, "VAULT_CACERT")?;
            let found = Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if found.is_empty() {
                return Err(not_pem(path, "VAULT_CACERT"));
            }
            builder = builder.tls_certs_merge(found);
        }
        if let Some((certificate, key)) = &self.client {
            let mut pem = Zeroizing::new(read(certificate, "VAULT_CLIENT_CERT")?);
            pem.extend_from_slice(&Zeroizing::new(read(key, "VAULT_CLIENT_KEY")?));
            let identity = Identity::from_pem(&pem);
            builder =
                builder.identity(identity.map_err(|_| not_pem(certificate, "VAULT_CLIENT_CERT"))?);
        }
        builder.build().map_err(|_| {
            Error::usage("the certificates for Vault cannot be used")
                .hint("VAULT_CLIENT_CERT and VAULT_CLIENT_KEY belong together, both in PEM form")
        })
    }
}

fn token_of_home(environment: Environment<'_>) -> Option<String> {
    let path = Path::new(&environment("HOME")?).join(".vault-token");
    let token = fs::read_to_string(path).ok()?.trim().to_owned();
    Some(token).filter(|token| !token.is_empty())
}

fn read(path: &Path, variable: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Error::usage(format!("cannot read a file for Vault: {}", error.kind()))
            .at(format!("{variable} {}", path.display()))
    })
}

fn not_pem(path: &Path, variable: &str) -> Error {
    Error::usage("a file for Vault holds no certificate in PEM form")
        .at(format!("{variable} {}", path.display()))
}

fn not_a_header(variable: &str) -> Error {
    Error::usage("the value holds characters that cannot be sent").at(format!("env:{variable}"))
}

fn no_address() -> Error {
    Error::usage("it is not known where Vault is")
        .at("env:VAULT_ADDR")
        .hint("set it to the server's address, such as https://vault.example.com:8200")
}

fn no_token() -> Error {
    Error::usage("there is no token for Vault")
        .at("env:VAULT_TOKEN")
        .hint("set it, or let vault login or an agent write ~/.vault-token")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(uri: &str, variables: &[(&str, &str)]) -> Result<Settings> {
        let crate::kms::KeyUri::Vault(key) = uri.parse().unwrap() else { panic!("Vault") };
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Settings::of(&key, &find)
    }

    #[test]
    fn openbao_s_variables_come_first() {
        let both = [
            ("VAULT_ADDR", "https://vault:8200/"),
            ("BAO_ADDR", "https://bao:8200/"),
            ("VAULT_TOKEN", "t"),
        ];
        assert_eq!(settings("hashivault://k", &both).unwrap().address, "https://bao:8200");
        let tink = settings("hcvault://elsewhere:8200/transit/keys/k", &both).unwrap();
        assert_eq!(tink.address, "https://elsewhere:8200");
    }

    #[test]
    fn what_is_missing_is_named() {
        let place = |variables: &[(&str, &str)]| {
            settings("hashivault://k", variables).err().and_then(|error| error.place).unwrap()
        };
        assert_eq!(place(&[("VAULT_TOKEN", "t")]), "env:VAULT_ADDR");
        assert_eq!(place(&[("VAULT_ADDR", "vault:8200"), ("VAULT_TOKEN", "t")]), "env:VAULT_ADDR");
        assert_eq!(place(&[("VAULT_ADDR", "https://vault:8200")]), "env:VAULT_TOKEN");
    }
}
