//! What Azure's answers mean. (Key Vault REST reference: authentication, requests and responses;
//! its error codes stand in `error.code` and, closer to the cause, in `error.innererror.code`.)

use std::time::Duration;

use azure_core::Error;
use azure_core::error::{ErrorKind, ErrorResponse, InnerError};
use azure_core::http::RawResponse;
use azure_core::http::headers::HeaderName;

use super::credential::CREDENTIALS;
use crate::kms::network;
use crate::kms::trouble::Trouble;
use crate::kms::uri::{AzureKey, Service};

/// What unwrapping needs. It names a version: what is wrong with that is wrong with the item.
pub(super) const TO_UNWRAP: &str = "keys/unwrapKey";

/// `permission`: what the call needs.
pub(super) fn azure_trouble(error: &Error, permission: &str, key: &AzureKey) -> Trouble {
    match error.kind() {
        ErrorKind::HttpResponse { status, raw_response, .. } => {
            let response = raw_response.as_deref();
            of_status(u16::from(*status), &code(response), response, permission, key)
        }
        ErrorKind::Credential => {
            Trouble::credentials(Service::Azure, "have expired or are not accepted", CREDENTIALS)
        }
        ErrorKind::Connection | ErrorKind::Io => {
            Trouble::unreachable(Service::Azure, &network::reason(error))
        }
        _ => Trouble::answer(Service::Azure, "is not understood"),
    }
}

fn of_status(
    status: u16,
    code: &str,
    response: Option<&RawResponse>,
    permission: &str,
    key: &AzureKey,
) -> Trouble {
    let version_or_key = |what: String, hint: &str| match permission {
        TO_UNWRAP => Trouble::version(what, hint),
        _ => Trouble::key(what, hint),
    };
    match (status, code) {
        (_, "KeyDisabled" | "KeyNotYetValid" | "KeyExpired") => version_or_key(
            "the version of the Azure key is disabled, expired or not yet valid".to_owned(),
            "az keyvault key set-attributes --enabled true, or wrap again under a version that is",
        ),
        (404, _) => version_or_key(
            format!("there is no such key, or version of it, in {}", key.host),
            "check the vault, the name and the version; a deleted key can be recovered for a while",
        ),
        (401, _) => {
            Trouble::credentials(Service::Azure, "have expired or are not accepted", CREDENTIALS)
        }
        (403, _) => {
            let hint = format!(
                "grant {permission} (role Key Vault Crypto User), and let this network through the \
                 vault's firewall"
            );
            Trouble::denied(Service::Azure, permission, &hint)
        }
        (429, _) => Trouble::Throttled { after: response.and_then(retry_after) },
        (400, _) => Trouble::not_wrapped_by(
            Service::Azure,
            "it was wrapped by another key, version or algorithm (?algorithm=RSA-OAEP-256)",
        ),
        (status, _) => Trouble::unavailable(Service::Azure, &format!("HTTP status {status}")),
    }
}

/// The code nearest to the cause.
fn code(response: Option<&RawResponse>) -> String {
    let body = response.map(|response| response.body().as_ref()).unwrap_or_default();
    let Some(error) = serde_json::from_slice(body).ok().and_then(|it: ErrorResponse| it.error)
    else {
        return String::new();
    };
    let mut inner: Option<&InnerError> = error.inner_error.as_ref();
    let mut code = error.code.clone();
    while let Some(error) = inner {
        code = error.code.clone().or(code);
        inner = error.inner_error.as_deref();
    }
    code.unwrap_or_default()
}

fn retry_after(response: &RawResponse) -> Option<Duration> {
    let seconds = response.headers().get_optional_str(&HeaderName::from_static("retry-after"))?;
    seconds.parse().ok().map(Duration::from_secs)
}
