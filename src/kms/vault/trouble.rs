//! What Vault's and OpenBao's refusals mean. Their reasons are texts; those below are told by what
//! both servers have said for years. (Vault API: HTTP status codes.)

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::kms::network;
use crate::kms::trouble::Trouble;
use crate::kms::uri::{Service, VaultKey};

/// A request that was not granted.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    retry_after: Option<Duration>,
    /// The server's reasons: to be searched, and never to be shown.
    reasons: String,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

impl Refusal {
    pub(super) async fn read(answer: Response) -> Result<Self, Trouble> {
        let status = answer.status();
        let retry_after = retry_after(answer.headers());
        let body = answer.bytes().await.map_err(|error| unreachable(&error))?;
        Ok(Self::of(status, retry_after, &body))
    }

    pub(super) fn of(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let errors: Option<Errors> = serde_json::from_slice(body).ok();
        let reasons = errors.map(|it| it.errors.join("\n").to_lowercase()).unwrap_or_default();
        Self { status, retry_after, reasons }
    }

    /// What a batch says of one of its items.
    pub(super) fn of_item(reason: &str) -> Self {
        let (status, retry_after) = (StatusCode::BAD_REQUEST, None);
        Self { status, retry_after, reasons: reason.to_lowercase() }
    }

    /// `permission`: the capability and the path that the call needs.
    pub(super) fn trouble(self, permission: &str, key: &VaultKey) -> Trouble {
        let says = |words: &str| self.reasons.contains(words);
        match self.status.as_u16() {
            403 => Trouble::denied(
                Service::Vault,
                permission,
                "add it to one of the token's policies; VAULT_NAMESPACE matters too",
            ),
            429 => Trouble::Throttled { after: self.retry_after },
            404 => no_such_key(key),
            400 if says("key not found") || says("no handler for route") => no_such_key(key),
            400 if says("too old") || says("disallowed by policy") => Trouble::version(
                "Vault no longer decrypts what this version of the key wrapped",
                "lower min_decryption_version of the key until the data key is wrapped anew",
            ),
            400 if says("missing 'context'") => Trouble::key(
                "the Vault key is a derived one, which needs a context",
                "wrap data keys with a key that is not derived",
            ),
            413 => Trouble::length(Service::Vault),
            400 => Trouble::not_wrapped_by(
                Service::Vault,
                "it was wrapped by another key or another server, or its version is gone",
            ),
            301..=308 => {
                Trouble::unavailable(Service::Vault, "this server is a standby, ask the active one")
            }
            503 => Trouble::unavailable(Service::Vault, "it is sealed, or in maintenance"),
            status => Trouble::unavailable(Service::Vault, &format!("HTTP status {status}")),
        }
    }
}

pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn no_such_key(key: &VaultKey) -> Trouble {
    Trouble::key(
        format!("Vault has no key {} in the transit engine at {}", key.name, key.mount),
        "check the name, ?engine=MOUNT, VAULT_ADDR and VAULT_NAMESPACE",
    )
}

pub(super) fn token() -> Trouble {
    let hint =
        "renew VAULT_TOKEN; a token that may not look itself up is taken for one that has expired";
    Trouble::credentials(Service::Vault, "have expired or are not accepted", hint)
}

pub(super) fn unreachable(error: &reqwest::Error) -> Trouble {
    match error.is_timeout() {
        true => Trouble::unreachable(Service::Vault, "timed out"),
        false => Trouble::unreachable(Service::Vault, &network::reason(error)),
    }
}
