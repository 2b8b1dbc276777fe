//! Who is answered. With a token, those who show it; without one, those on this machine, and no web page
//! that had its own name resolved to this address.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;

use super::answers;
use crate::config::{ListenConfig, Token};
use crate::error::Error;

pub struct Callers {
    token: Option<Token>,
}

impl Callers {
    pub fn of(config: &ListenConfig) -> Self {
        Self { token: config.token.clone() }
    }

    /// Compared in a time that depends on lengths alone.
    fn show_token(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let shown = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        let shown = shown.and_then(|value| {
            let (scheme, shown) = value.split_at_checked("Bearer ".len())?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(shown)
        });
        shown.is_some_and(|shown| shown.ct_eq(token.reveal().as_bytes()).into())
    }

    /// Whether the address was asked for by number, or as this machine.
    fn know_the_address(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        self.token.is_some() || name == "localhost" || name.parse::<IpAddr>().is_ok()
    }
}

/// Lets through who shows the token, where there is one.
pub async fn with_token(
    State(callers): State<Arc<Callers>>,
    request: Request,
    next: Next,
) -> Response {
    if callers.show_token(request.headers()) {
        return next.run(request).await;
    }
    let error = Error::usage("a bearer token is needed here")
        .hint("send the header Authorization: Bearer …, as set with RESEAL_LISTEN_TOKEN");
    let mut answer = answers::trouble(StatusCode::UNAUTHORIZED, &error);
    answer.headers_mut().insert("www-authenticate", answers::fixed("Bearer realm=\"reseal\""));
    answer
}

/// Without a token, a foreign name for this address is how a web page would reach it (DNS rebinding).
pub async fn by_its_own_name(
    State(callers): State<Arc<Callers>>,
    request: Request,
    next: Next,
) -> Response {
    if callers.know_the_address(request.headers()) {
        return next.run(request).await;
    }
    let error = Error::usage("without a token this answers to localhost and to addresses only")
        .hint("ask for the address by number, or set RESEAL_LISTEN_TOKEN");
    answers::trouble(StatusCode::FORBIDDEN, &error)
}
