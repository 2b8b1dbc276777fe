//! The services whose keys must be as they should before a run, or after the previous key was removed:
//! `[gate]`.

use std::time::Duration;

use crate::config::document::{Entry, Section};
use crate::config::file::word;
use crate::config::run::duration;
use crate::config::service_url::ServiceUrl;
use crate::config::token::Token;
use crate::config::word::Word;
use crate::config::{Environment, Troubles};

/// The path of the crypto health check, where an address names none.
const HEALTH_PATH: &str = "/health/crypto";
const TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT_SECONDS_MAX: u64 = 60;

/// Which services are asked, and how. None where nothing is configured.
#[derive(Clone, Debug)]
pub struct GateConfig {
    pub health: Vec<ServiceUrl>,
    pub token: Option<Token>,
    /// For each service.
    pub timeout: Duration,
}

/// The words of `[gate]`.
#[derive(Debug, Default)]
pub struct GateFileWords {
    health: Vec<Word>,
    token: Option<Word>,
    timeout: Option<Word>,
}

impl GateFileWords {
    pub(super) fn take(mut section: Section<'_>, troubles: &mut Troubles) -> Self {
        let health = section.take("health").and_then(|entry| troubles.note(entry.list()));
        let health = health.unwrap_or_default().into_iter();
        let health = health.filter_map(|entry| troubles.note(entry.text())).collect();
        let token = word(&mut section, "token", Entry::text, troubles);
        let timeout = word(&mut section, "timeout", Entry::text, troubles);
        section.finish(troubles);
        Self { health, token, timeout }
    }
}

impl GateConfig {
    pub(super) fn resolve(
        file: &GateFileWords,
        environment: &Environment,
        troubles: &mut Troubles,
    ) -> Self {
        let service = |word: &Word| {
            let url = ServiceUrl::parse("health", word)?;
            Ok(url.or_path(HEALTH_PATH))
        };
        let health = file.health.iter().filter_map(|word| troubles.note(service(word))).collect();
        let token = match file.health.is_empty() {
            true => None,
            false => troubles
                .note(Token::find(file.token.as_ref(), "RESEAL_GATE_TOKEN", environment))
                .flatten(),
        };
        let timeout = file
            .timeout
            .as_ref()
            .and_then(|word| troubles.note(duration("timeout", word, &(1..=TIMEOUT_SECONDS_MAX))));
        Self { health, token, timeout: timeout.unwrap_or(TIMEOUT) }
    }
}
