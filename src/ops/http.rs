//! The client for other services: our TLS, no redirects (a token would follow them), no proxies, and never
//! without an end.

use std::time::Duration;

use reqwest::{Client, redirect};
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, Result};

/// A client whose every exchange ends within `timeout`. It trusts the system's authorities, or those that
/// `SSL_CERT_FILE` names.
pub(super) fn client(timeout: Duration) -> Result<Client> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = rustls::crypto::ring::default_provider();
    let tls = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::bug("the TLS library offers no protocol version"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .user_agent(concat!("reseal/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| Error::bug("the HTTP client cannot be made"))
}

/// Why nothing was answered; nothing of the address, which the caller knows better.
pub(super) fn trouble(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "it does not answer in time"
    } else if error.is_connect() {
        "no connection can be made"
    } else {
        "the connection broke off"
    }
}
