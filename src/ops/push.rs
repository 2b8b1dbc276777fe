//! Pushes the metrics at the end, for jobs that die before anybody scrapes them.

use std::time::Duration;

use super::http;
use crate::config::PushConfig;
use crate::error::{Error, Result};

/// A Job that is told to stop has little time left.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Replaces the group `{job="reseal", run="…"}` of a Prometheus Pushgateway by these metrics.
///
/// # Errors
/// When they did not arrive.
pub(super) async fn push(config: &PushConfig, run: &str, metrics: String) -> Result<()> {
    let failed = |why: String| {
        Error::outside(format!("the metrics were not pushed: {why}")).at(config.gateway.to_string())
    };
    let url = config.gateway.below(&["metrics", "job", "reseal", "run", run]);
    let mut request = http::client(TIMEOUT)?.put(url).body(metrics);
    request = request.header("content-type", "text/plain; version=0.0.4; charset=utf-8");
    if let Some(token) = &config.token {
        request = request.bearer_auth(token.reveal());
    }
    let answer = request.send().await.map_err(|error| failed(http::trouble(&error).to_owned()))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(failed(format!("HTTP {}", status.as_u16()))),
    }
}
