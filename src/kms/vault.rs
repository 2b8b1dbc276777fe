//! The transit engine of Vault and OpenBao, over their HTTP API.
//!
//! Spoken to directly: the client crates know no batches, drop what stands in the body of a refused
//! request, or bring another TLS with them. (Vault API: secrets/transit.)

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::trouble::Trouble;
use super::uri::{Service, VaultKey};
use super::{KeyDescription, Unwrapped, WrappedKey};
use crate::error::Result;

mod settings;
mod trouble;

use settings::Settings;
use trouble::{Refusal, unreachable};

pub(super) struct VaultClient {
    http: reqwest::Client,
    /// Without a slash at its end.
    address: String,
    key: VaultKey,
}

/// What all answers are wrapped in.
#[derive(Deserialize)]
struct Answer<D> {
    data: D,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: String,
}

#[derive(Deserialize)]
struct Described {
    latest_version: u64,
}

impl VaultClient {
    pub(super) fn connect(key: &VaultKey) -> Result<Self> {
        let settings = Settings::of(key, &|name| std::env::var(name).ok())?;
        let (http, address) = (settings.client()?, settings.address);
        Ok(Self { http, address, key: key.clone() })
    }

    /// Encrypting under a name that does not exist would make a key of that name, where the token may.
    pub(super) async fn wrap(&self, plaintext: &[u8]) -> Result<WrappedKey, Trouble> {
        match self.describe().await {
            Ok(_) => {}
            // a token that may not look may not create either, as a rule
            Err(Trouble::Denied(_)) => {}
            Err(trouble) => return Err(trouble),
        }
        #[derive(Serialize)]
        struct Request<'r> {
            plaintext: &'r str,
        }
        let plaintext = Zeroizing::new(STANDARD.encode(plaintext));
        let answer: Encrypted =
            self.post("encrypt", &Request { plaintext: plaintext.as_str() }).await?;
        let version = version_of(&answer.ciphertext);
        Ok(WrappedKey { ciphertext: answer.ciphertext.into_bytes(), version, key_id: None })
    }

    pub(super) async fn unwrap(&self, wrapped: &WrappedKey) -> Result<Unwrapped, Trouble> {
        #[derive(Serialize)]
        struct Request<'r> {
            ciphertext: &'r str,
        }
        let ciphertext = str::from_utf8(&wrapped.ciphertext).unwrap_or_default();
        let answer: Decrypted = self.post("decrypt", &Request { ciphertext }).await?;
        let text = Zeroizing::new(answer.plaintext);
        let mut key = Zeroizing::new(vec![0; text.len()]);
        let length = STANDARD.decode_slice(text.as_bytes(), &mut key);
        let length = length.map_err(|_| not_understood())?;
        key[length..].zeroize();
        key.truncate(length);
        Ok(Unwrapped { key, version: version_of(ciphertext), is_newest: None })
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        let path = format!("{}/keys/{}", self.key.mount, self.key.name);
        let described: Answer<Described> =
            self.send(Method::GET, &path, None::<&()>, &format!("read on {path}")).await?;
        Ok(KeyDescription { version: Some(described.data.latest_version.to_string()) })
    }

    async fn post<Q: Serialize, D: DeserializeOwned>(
        &self,
        verb: &str,
        request: &Q,
    ) -> Result<D, Trouble> {
        let path = format!("{}/{verb}/{}", self.key.mount, self.key.name);
        let permission = format!("update on {path}");
        let answer: Answer<D> = self.send(Method::POST, &path, Some(request), &permission).await?;
        Ok(answer.data)
    }

    async fn send<Q: Serialize, A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        request: Option<&Q>,
        permission: &str,
    ) -> Result<A, Trouble> {
        let url = format!("{}/v1/{path}", self.address);
        let mut call = self.http.request(method, url);
        if let Some(request) = request {
            call = call.json(request);
        }
        let answer = call.send().await.map_err(|error| unreachable(&error))?;
        if answer.status().is_success() {
            return answer.json().await.map_err(|_| not_understood());
        }
        let refusal = Refusal::read(answer).await;
        if refusal.status == StatusCode::FORBIDDEN && !self.token_is_known().await {
            return Err(trouble::token());
        }
        Err(refusal.trouble(permission, &self.key))
    }

    /// A refused token and a token that may not are one answer; looking itself up tells them apart,
    /// which the `default` policy lets every token do.
    async fn token_is_known(&self) -> bool {
        let url = format!("{}/v1/auth/token/lookup-self", self.address);
        let answer = self.http.get(url).send().await;
        answer.is_ok_and(|answer| answer.status() != StatusCode::FORBIDDEN)
    }
}

/// `3` of `vault:v3:…`.
fn version_of(ciphertext: &str) -> Option<String> {
    let (version, _) = ciphertext.strip_prefix("vault:v")?.split_once(':')?;
    Some(version.to_owned())
}

fn not_understood() -> Trouble {
    Trouble::answer(Service::Vault, "is not understood")
}
