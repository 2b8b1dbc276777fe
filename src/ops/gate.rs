//! Asks the services of `[gate]` whether their keys are as they should be: both keys before a run, the
//! current one alone after the previous key was removed.

use futures_util::future::join_all;
use reqwest::{Client, Response};
use serde::Deserialize;

use super::http;
use crate::config::{GateConfig, ServiceUrl};
use crate::error::{Error, ExitCode, Result};
use crate::plan::Plan;

/// More is no health check.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What the services must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Each reads values under either key.
    BothKeys,
    /// None needs the previous key any more.
    CurrentKeyAlone,
}

/// The answer of a service, as far as it matters here; see `reseal health`.
#[derive(Debug, Deserialize)]
struct Health {
    status: String,
    dual_key_mode: bool,
    #[serde(default)]
    checks: Checks,
}

#[derive(Debug, Default, Deserialize)]
struct Checks {
    key_valid: Option<bool>,
    round_trip: Option<bool>,
    previous_key_valid: Option<bool>,
}

/// The plan, unless a service says something against it. The plan's own refusals come first; a plan that
/// failed otherwise asks nobody.
///
/// # Errors
/// Exit 3 with all refusals at once.
pub(super) async fn passed(made: Result<Plan>, gate: &GateConfig, wanted: Wanted) -> Result<Plan> {
    match made {
        Ok(plan) => Error::all(objections(gate, wanted).await?).map_or(Ok(plan), Err),
        Err(mut refused) if refused.exit_code == ExitCode::Refused => {
            refused.others.extend(objections(gate, wanted).await?);
            Err(refused)
        }
        failed => failed,
    }
}

/// What each service says against it, all of them asked at once; none when every one is as wanted.
async fn objections(gate: &GateConfig, wanted: Wanted) -> Result<Vec<Error>> {
    if gate.health.is_empty() {
        return Ok(Vec::new());
    }
    let client = http::client(gate.timeout)?;
    let asked = gate.health.iter().map(|service| ask(&client, gate, service, wanted));
    Ok(join_all(asked).await.into_iter().filter_map(Result::err).collect())
}

async fn ask(
    client: &Client,
    gate: &GateConfig,
    service: &ServiceUrl,
    wanted: Wanted,
) -> Result<()> {
    let mut request = client.get(service.as_url().clone());
    if let Some(token) = &gate.token {
        request = request.bearer_auth(token.reveal());
    }
    let answer = request.send().await;
    let judged = match answer {
        Ok(answer) => judge(answer, wanted).await,
        Err(error) => Err(unreachable(&error)),
    };
    judged.map_err(|refused| refused.at(service.to_string()))
}

async fn judge(answer: Response, wanted: Wanted) -> Result<()> {
    let status = answer.status();
    let body = body(answer).await?;
    // an unhealthy service may say so in its status as well as in its words
    let Ok(health) = serde_json::from_slice::<Health>(&body) else {
        return Err(no_health(status.is_success(), status.as_u16()));
    };
    if health.status != "healthy" || !status.is_success() {
        let checks = health.checks.failed();
        let failed = if checks.is_empty() { "none is named".to_owned() } else { checks.join(", ") };
        return Err(Error::refused("a service's keys are not healthy")
            .hint(format!("checks that failed: {failed}; see the service's own answer")));
    }
    match (wanted, health.dual_key_mode) {
        (Wanted::BothKeys, true) | (Wanted::CurrentKeyAlone, false) => Ok(()),
        (Wanted::BothKeys, false) => {
            Err(Error::refused("a service has one key only (dual_key_mode is false)")
                .hint("give it the new key and the previous one, restart it, then run again"))
        }
        (Wanted::CurrentKeyAlone, true) => {
            Err(Error::refused("a service still has a previous key (dual_key_mode is true)")
                .hint("remove the previous key from it, restart it, then verify again"))
        }
    }
}

/// The answer's bytes, no more than a health check has.
async fn body(mut answer: Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(bytes) = answer.chunk().await.map_err(|error| unreachable(&error))? {
        body.extend_from_slice(&bytes);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(no_health(true, answer.status().as_u16()));
        }
    }
    Ok(body)
}

fn unreachable(error: &reqwest::Error) -> Error {
    let why = http::trouble(error);
    Error::refused(format!("a service cannot be asked for its health: {why}"))
        .hint("start it, correct its address, or take it out of [gate] health")
}

fn no_health(is_success: bool, status: u16) -> Error {
    if is_success {
        return Error::refused("a service's answer is no crypto health check").hint(
            "it should be JSON: {\"status\":\"healthy\",\"dual_key_mode\":true,\"checks\":{…}}",
        );
    }
    let error = Error::refused(format!("a service answers its health check with HTTP {status}"));
    match status {
        401 | 403 => error.hint("name the token that it wants: [gate] token = \"file:PATH\""),
        _ => error.hint("correct its address in [gate] health; the path is /health/crypto"),
    }
}

impl Checks {
    fn failed(&self) -> Vec<&'static str> {
        let named = [
            ("key_valid", self.key_valid),
            ("round_trip", self.round_trip),
            ("previous_key_valid", self.previous_key_valid),
        ];
        let failed = named.into_iter().filter(|(_, passed)| *passed == Some(false));
        failed.map(|(name, _)| name).collect()
    }
}
