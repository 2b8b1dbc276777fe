//! What is answered, path by path.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::ops::serve::Desk;
use crate::report;

/// One file with all it needs: nothing is fetched from elsewhere.
const PAGE: &str = include_str!("page.html");

/// What the page may do: run its own script, use its own styles, ask this server.
static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |tag: &str| {
        let (_, rest) = PAGE.split_once(&format!("<{tag}>")).unwrap_or_default();
        let (text, _) = rest.split_once(&format!("</{tag}>")).unwrap_or_default();
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
    };
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    )
});

pub async fn page() -> Response {
    let mut answer = text(StatusCode::OK, "text/html; charset=utf-8", PAGE.to_owned());
    if let Ok(policy) = HeaderValue::from_str(&PAGE_POLICY) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// Whether the process is alive; it answers, so it is.
pub async fn alive() -> Response {
    json(StatusCode::OK, &json!({"status": "alive"}))
}

pub async fn metrics(State(desk): State<Arc<Desk>>) -> Response {
    text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", desk.metrics().await)
}

/// As `reseal health --output json`; 503 when unhealthy.
pub async fn health(State(desk): State<Arc<Desk>>) -> Response {
    match desk.health().await {
        Ok(health) if health.is_healthy() => json(StatusCode::OK, &*health),
        Ok(health) => json(StatusCode::SERVICE_UNAVAILABLE, &*health),
        Err(error) => trouble(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

/// As `reseal status --output json`.
pub async fn status(State(desk): State<Arc<Desk>>) -> Response {
    match desk.seen().await {
        Ok(seen) => json(StatusCode::OK, &seen.report),
        Err(error) => trouble(StatusCode::SERVICE_UNAVAILABLE, &error),
    }
}

/// Accepted while a run is live: it goes on, and this is its status. Nothing can be started here.
pub async fn start(State(desk): State<Arc<Desk>>) -> Response {
    match desk.seen().await {
        Ok(seen) if matches!(seen.report.status, "running" | "paused") => {
            json(StatusCode::ACCEPTED, &seen.report)
        }
        Ok(_) => {
            let error = Error::usage("no run is live, and none is started over HTTP").hint(
                "start the Job: reseal run, or kubectl create job --from=cronjob/reseal NAME",
            );
            let mut answer = trouble(StatusCode::METHOD_NOT_ALLOWED, &error);
            answer.headers_mut().insert(ALLOW, fixed("GET, HEAD"));
            answer
        }
        Err(error) => trouble(StatusCode::SERVICE_UNAVAILABLE, &error),
    }
}

pub async fn live(State(desk): State<Arc<Desk>>) -> Response {
    match desk.live().await {
        Ok(live) => text(StatusCode::OK, "application/json", live),
        Err(error) => trouble(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

pub async fn nothing_here() -> Response {
    trouble(StatusCode::NOT_FOUND, &Error::usage("there is nothing at this path"))
}

/// What holds for every answer: it is of this moment, and it is what it says it is.
pub async fn with_manners(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, fixed("no-store"));
    headers.insert("x-content-type-options", fixed("nosniff"));
    headers.insert("referrer-policy", fixed("no-referrer"));
    headers.insert("x-frame-options", fixed("DENY"));
    answer
}

/// A trouble, as JSON.
pub fn trouble(status: StatusCode, error: &Error) -> Response {
    let Error { what, place, hint, .. } = error;
    let shown = json!({"error": what, "where": place, "hint": hint}).to_string();
    text(status, "application/json", report::without_keys(&shown))
}

pub fn fixed(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

fn json(status: StatusCode, result: &impl Serialize) -> Response {
    match to_json(result) {
        Ok(body) => text(status, "application/json", body),
        Err(error) => trouble(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

fn to_json(result: &impl Serialize) -> Result<String> {
    serde_json::to_string(result).map_err(|_| Error::bug("an answer cannot be written as JSON"))
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, fixed(content_type));
    answer
}
