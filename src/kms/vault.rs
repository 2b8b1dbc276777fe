//! The transit engine of Vault and OpenBao, over their HTTP API.
//!
//! Spoken to directly: the client crates know no batches, drop what stands in the body of a refused
//! request, or bring another TLS with them. (Vault API: secrets/transit.)

use std::sync::OnceLock;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::KeyDescription;
use super::trouble::Trouble;
use super::uri::{Service, VaultKey};
use super::version::vault_version;
use crate::error::Result;

mod batch;
mod lease;
mod settings;
mod trouble;

pub(super) use batch::batches;

use lease::Lease;
use settings::Settings;
use trouble::{Refusal, unreachable};

pub(super) struct VaultClient {
    http: reqwest::Client,
    /// Without a slash at its end.
    address: String,
    key: VaultKey,
    is_there: OnceCell<()>,
    /// Begun by the first call.
    lease: OnceLock<Lease>,
}

/// What all answers are wrapped in.
#[derive(Deserialize)]
struct Answer<D> {
    data: D,
}

#[derive(Deserialize)]
struct Described {
    latest_version: u64,
}

impl VaultClient {
    pub(super) fn connect(key: &VaultKey) -> Result<Self> {
        let settings = Settings::of(key, &|name| std::env::var(name).ok())?;
        let (http, address) = (settings.client()?, settings.address);
        Ok(Self {
            http,
            address,
            key: key.clone(),
            is_there: OnceCell::new(),
            lease: OnceLock::new(),
        })
    }

    /// On the same server, too.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        self.address == other.address && self.key == other.key
    }

    /// Encrypting under a name that does not exist would make a key of that name, where the token may.
    async fn look_whether_it_is_there(&self) -> Result<(), Trouble> {
        let looked = async || match self.describe().await {
            Ok(_) => Ok(()),
            // a token that may not look may not create either, as a rule
            Err(Trouble::Denied(_)) => Ok(()),
            Err(trouble) => Err(trouble),
        };
        self.is_there.get_or_try_init(looked).await.copied()
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        let path = format!("{}/keys/{}", self.key.mount, self.key.name);
        let described: Answer<Described> =
            self.send(Method::GET, &path, &format!("read on {path}")).await?;
        Ok(KeyDescription { version: Some(described.data.latest_version.to_string()) })
    }

    async fn send<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        permission: &str,
    ) -> Result<A, Trouble> {
        let answer =
            self.request(method, path).send().await.map_err(|error| unreachable(&error))?;
        if answer.status().is_success() {
            return answer.json().await.map_err(|_| not_understood());
        }
        Err(self.refusal(Refusal::read(answer).await?, permission).await)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.lease.get_or_init(|| Lease::keep(self.http.clone(), self.address.clone()));
        self.http.request(method, format!("{}/v1/{path}", self.address))
    }

    async fn refusal(&self, refusal: Refusal, permission: &str) -> Trouble {
        if refusal.status == StatusCode::FORBIDDEN && !self.token_is_known().await {
            return trouble::token();
        }
        refusal.trouble(permission, &self.key)
    }

    /// A refused token and a token that may not are one answer; looking itself up tells them apart,
    /// which the `default` policy lets every token do.
    async fn token_is_known(&self) -> bool {
        let url = format!("{}/v1/auth/token/lookup-self", self.address);
        let answer = self.http.get(url).send().await;
        answer.is_ok_and(|answer| answer.status() != StatusCode::FORBIDDEN)
    }
}

fn version_of(ciphertext: &str) -> Option<String> {
    vault_version(ciphertext.as_bytes()).map(str::to_owned)
}

fn not_understood() -> Trouble {
    Trouble::answer(Service::Vault, "is not understood")
}
