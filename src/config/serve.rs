//! What is shown of a command while it works, and pushed at its end: from option, environment or
//! `[serve]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::cli::ServeWords;
use crate::config::document::{Entry, Section};
use crate::config::file::word;
use crate::config::run::duration;
use crate::config::service_url::ServiceUrl;
use crate::config::token::Token;
use crate::config::word::Word;
use crate::config::{Environment, Troubles};
use crate::error::{Error, Result};

const LINGER_SECONDS_MAX: u64 = 24 * 60 * 60;

/// Nothing, unless it is asked for.
#[derive(Clone, Debug, Default)]
pub struct ServeConfig {
    pub listen: Option<ListenConfig>,
    pub push: Option<PushConfig>,
}

/// Where it is served, and to whom.
#[derive(Clone, Debug)]
pub struct ListenConfig {
    /// On loopback, or there is a token.
    pub address: SocketAddr,
    pub token: Option<Token>,
    /// How long it goes on after the end.
    pub linger: Duration,
}

/// Where the metrics go at the end.
#[derive(Clone, Debug)]
pub struct PushConfig {
    pub gateway: ServiceUrl,
    pub token: Option<Token>,
}

/// The words of `[serve]`.
#[derive(Debug, Default)]
pub struct ServeFileWords {
    listen: Option<Word>,
    listen_token: Option<Word>,
    linger: Option<Word>,
    push_gateway: Option<Word>,
    push_token: Option<Word>,
}

impl ServeFileWords {
    pub(super) fn take(mut section: Section<'_>, troubles: &mut Troubles) -> Self {
        let mut text = |key| word(&mut section, key, Entry::text, troubles);
        let words = Self {
            listen: text("listen"),
            listen_token: text("listen_token"),
            linger: text("linger"),
            push_gateway: text("push_gateway"),
            push_token: text("push_token"),
        };
        section.finish(troubles);
        words
    }
}

impl ServeConfig {
    pub(super) fn resolve(
        typed: &ServeWords,
        file: ServeFileWords,
        environment: &Environment,
        troubles: &mut Troubles,
    ) -> Self {
        let mut said = |typed: &Option<String>, name: &str, file: Option<Word>| {
            if let Some(text) = typed {
                return Some(Word::new(text, format!("--{}", name.replace('_', "-"))));
            }
            let variable = format!("RESEAL_{}", name.to_ascii_uppercase());
            troubles.note(environment.word(&variable))?.or(file)
        };
        let listen = said(&typed.listen, "listen", file.listen);
        let linger = said(&typed.linger, "linger", file.linger);
        let gateway = said(&typed.push_gateway, "push_gateway", file.push_gateway);
        let listen_token = typed.listen_token.as_ref();
        let listen_token =
            listen_token.map(|text| Word::new(text, "--listen-token")).or(file.listen_token);
        if listen.is_none() {
            typed.refuse_words_of_listening(troubles);
        }
        let listen = listen.and_then(|listen| {
            let token = Token::find(listen_token.as_ref(), "RESEAL_LISTEN_TOKEN", environment);
            let (address, token) = (troubles.note(address(&listen)), troubles.note(token));
            let linger = linger.map_or(Some(Duration::ZERO), |word| {
                troubles.note(duration("linger", &word, &(0..=LINGER_SECONDS_MAX)))
            });
            let config = ListenConfig { address: address?, token: token?, linger: linger? };
            troubles.note(config.checked(&listen))
        });
        let push = gateway.and_then(|word| {
            let gateway = troubles.note(ServiceUrl::parse("push_gateway", &word));
            let token = Token::find(file.push_token.as_ref(), "RESEAL_PUSH_TOKEN", environment);
            Some(PushConfig { token: troubles.note(token)?, gateway: gateway? })
        });
        Self { listen, push }
    }

    /// Whether anybody will ask for the metrics.
    pub fn is_wanted(&self) -> bool {
        self.listen.is_some() || self.push.is_some()
    }
}

impl ServeWords {
    /// Whoever types them means to be listened to. In environment and file they may stand for commands that listen.
    fn refuse_words_of_listening(&self, troubles: &mut Troubles) {
        for (option, typed) in [("--listen-token", &self.listen_token), ("--linger", &self.linger)]
        {
            if typed.is_some() {
                let error = Error::usage("nothing is served").at(option);
                troubles.add(error.hint("say where, with --listen ADDRESS, or leave this out"));
            }
        }
    }
}

impl ListenConfig {
    /// Whoever reaches the address may read: without a token only those on this machine.
    fn checked(self, word: &Word) -> Result<Self> {
        if self.address.ip().is_loopback() || self.token.is_some() {
            return Ok(self);
        }
        Err(word
            .wrong("an address that others can reach needs a token that they must show")
            .hint("set RESEAL_LISTEN_TOKEN or listen_token, or listen on 127.0.0.1"))
    }
}

/// An address with its port; `localhost:PORT` is 127.0.0.1.
fn address(word: &Word) -> Result<SocketAddr> {
    let text = word.text.trim();
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let local = local.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    local.or_else(|| text.parse().ok()).ok_or_else(|| {
        word.wrong("listen is an IP address with its port, such as 127.0.0.1:9187 or 0.0.0.0:9187")
    })
}
