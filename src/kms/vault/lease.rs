//! A token lives for a while, and longer when it is renewed in time, which whoever holds it is expected to do. What an
//! agent renews itself comes to no harm by it. (Vault API: auth/token, lookup-self and renew-self.)

use std::time::Duration;

use reqwest::{Client, Method};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::Answer;

/// Between attempts while nobody answers.
const PAUSE: Duration = Duration::from_secs(10);

/// Renews a token, until it is dropped.
pub(super) struct Lease(AbortHandle);

/// What a token says of itself.
#[derive(Deserialize)]
struct Looked {
    /// Seconds that are left; 0 for a token that lives for ever.
    #[serde(default)]
    ttl: u64,
    #[serde(default)]
    renewable: bool,
}

#[derive(Deserialize)]
struct Renewal {
    auth: Renewed,
}

#[derive(Deserialize)]
struct Renewed {
    lease_duration: u64,
    renewable: bool,
}

impl Lease {
    /// `http` sends the token.
    pub(super) fn keep(http: Client, address: String) -> Self {
        Self(tokio::spawn(keep(http, address)).abort_handle())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whenever half of the time that is left is over. Whether it succeeds shows when the token is used.
async fn keep(http: Client, address: String) {
    let Looked { ttl, renewable } = loop {
        match asked(&http, Method::GET, format!("{address}/v1/auth/token/lookup-self")).await {
            Ok(Answer { data }) => break data,
            // it may not look itself up, and then it may not renew itself either
            Err(error) if error.status().is_some() => return,
            Err(_) => sleep(PAUSE).await,
        }
    };
    let (mut left, mut renewable) = (Duration::from_secs(ttl), renewable);
    while renewable && !left.is_zero() {
        sleep(left / 2).await;
        let renewal = format!("{address}/v1/auth/token/renew-self");
        (left, renewable) = match asked(&http, Method::POST, renewal).await {
            Ok(Renewal { auth }) => (Duration::from_secs(auth.lease_duration), auth.renewable),
            Err(_) if left < Duration::from_secs(1) => return,
            Err(_) => (left / 2, true),
        };
    }
}

async fn asked<A: DeserializeOwned>(
    http: &Client,
    method: Method,
    url: String,
) -> reqwest::Result<A> {
    http.request(method, url).send().await?.error_for_status()?.json().await
}
