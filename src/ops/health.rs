//! Whether the keys are there, well formed and work; as JSON and for people, without any key.

use std::fmt;

use serde::Serialize;

use crate::crypto::{Cipher, Key, KeyId, NoRandomness, NonceLength, NonceSource, Parts, Plaintext};
use crate::error::Error;
use crate::keys::{KeyRing, KeyUse, RingConfig, RingKey};

/// The outcome for all rings together.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: &'static str,
    /// Some ring has a previous key beside its current one.
    dual_key_mode: bool,
    checks: Checks,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Finding>,
    /// Sources and key ids, with `--verbose`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rings: Vec<RingShown>,
}

#[derive(Debug, Serialize)]
struct Checks {
    key_valid: bool,
    round_trip: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_key_valid: Option<bool>,
}

/// What is checked of every ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Check {
    /// The current key is there and well formed.
    KeyValid,
    /// The current key opens what it has sealed.
    RoundTrip,
    /// The previous keys are there, well formed, and others than the current one.
    PreviousKeyValid,
}

/// A check that failed, and why.
#[derive(Debug, Serialize)]
struct Finding {
    check: Check,
    what: String,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// A ring as `--verbose` shows it. A source may hold several previous keys, or none.
#[derive(Debug, Serialize)]
struct RingShown {
    name: String,
    current_source: String,
    current_key: Option<KeyId>,
    previous_sources: Vec<String>,
    previous_keys: Vec<KeyId>,
}

impl Health {
    pub(super) fn check<'r>(rings: impl Iterator<Item = &'r RingConfig>, verbose: bool) -> Health {
        let checks = Checks { key_valid: true, round_trip: true, previous_key_valid: None };
        let mut health = Health {
            status: "healthy",
            dual_key_mode: false,
            checks,
            errors: Vec::new(),
            rings: Vec::new(),
        };
        for ring in rings {
            let loaded = health.check_ring(ring);
            if verbose {
                health.rings.push(RingShown::new(ring, loaded.as_ref()));
            }
        }
        health
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.errors.is_empty()
    }

    /// As much of the ring as could be loaded.
    fn check_ring(&mut self, config: &RingConfig) -> Option<KeyRing> {
        let current = match KeyRing::load_current_only(config) {
            Ok(current) => current,
            Err(error) => {
                self.failed(Check::KeyValid, &error);
                self.checks.round_trip = false;
                return None;
            }
        };
        let default = [KeyUse::default()];
        let uses = if config.uses.is_empty() { &default[..] } else { &config.uses };
        for use_ in uses.iter().filter(|use_| use_.writes) {
            let tried = current.current_for(use_).and_then(|key| round_trip(&key, use_.cipher));
            if let Err(error) = tried {
                self.failed(Check::RoundTrip, &error);
            }
        }
        match KeyRing::load(config) {
            Ok(ring) if ring.previous().is_empty() => Some(ring),
            Ok(ring) => {
                self.dual_key_mode = true;
                self.checks.previous_key_valid.get_or_insert(true);
                Some(ring)
            }
            Err(error) => {
                self.dual_key_mode = true;
                self.failed(Check::PreviousKeyValid, &error);
                Some(current)
            }
        }
    }

    fn failed(&mut self, check: Check, error: &Error) {
        self.status = "unhealthy";
        match check {
            Check::KeyValid => self.checks.key_valid = false,
            Check::RoundTrip => self.checks.round_trip = false,
            Check::PreviousKeyValid => self.checks.previous_key_valid = Some(false),
        }
        for error in std::iter::once(error).chain(&error.others) {
            let Error { what, place, hint, .. } = error.clone();
            self.errors.push(Finding { check, what, place, hint });
        }
    }
}

/// Seals a known text and opens it again: `open(seal(text)) == text`, bound to additional data.
fn round_trip(key: &Key, cipher: Cipher) -> Result<(), Error> {
    const TEXT: &[u8] = b"reseal health";
    const AAD: &[u8] = b"round trip";
    let no_randomness = |error: NoRandomness| Error::outside(error.to_string());
    let lengths = [NonceLength::Twelve, NonceLength::Sixteen, NonceLength::TwentyFour];
    let length = lengths.into_iter().find(|length| cipher.takes_nonce_of(length.bytes()));
    let length = length.ok_or_else(|| Error::bug("a cipher without nonces"))?;
    let nonce = NonceSource::new().next(length).map_err(no_randomness)?;
    let mut sealed = Plaintext::new();
    sealed.set(TEXT);
    let mut ciphertext = Vec::new();
    let tag = key.seal(&nonce, AAD, &sealed, &mut ciphertext);
    let parts = Parts { nonce: nonce.as_bytes(), ciphertext: &ciphertext, tag: &tag };
    let mut opened = Plaintext::new();
    match key.open(&parts, AAD, &mut opened) {
        Ok(()) if opened == sealed => Ok(()),
        _ => Err(Error::bug("the key does not open what it has sealed")),
    }
}

impl RingShown {
    fn new(config: &RingConfig, loaded: Option<&KeyRing>) -> RingShown {
        let id = |key: &RingKey| *key.id();
        RingShown {
            name: config.name.clone(),
            current_source: config.current.from.to_string(),
            current_key: loaded.map(|ring| id(ring.current())),
            previous_sources: config
                .previous
                .iter()
                .map(|source| source.from.to_string())
                .collect(),
            previous_keys: loaded.iter().flat_map(|ring| ring.previous()).map(id).collect(),
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.dual_key_mode { "a previous key is present" } else { "no previous key" };
        write!(f, "{}, {mode}", self.status)?;
        let outcome = |passed| if passed { "ok" } else { "failed" };
        write!(f, "\n  key_valid           {}", outcome(self.checks.key_valid))?;
        write!(f, "\n  round_trip          {}", outcome(self.checks.round_trip))?;
        if let Some(passed) = self.checks.previous_key_valid {
            write!(f, "\n  previous_key_valid  {}", outcome(passed))?;
        }
        self.errors.iter().try_for_each(|finding| write!(f, "\n{finding}"))?;
        self.rings.iter().try_for_each(|ring| write!(f, "\n{ring}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        let place = self.place.iter().map(|place| ("where", place));
        let hint = self.hint.iter().map(|hint| ("hint", hint));
        place.chain(hint).try_for_each(|(name, text)| write!(f, "\n  {name}: {text}"))
    }
}

impl fmt::Display for RingShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.current_key.as_ref().map_or("no key".to_owned(), ToString::to_string);
        let previous: Vec<String> = self.previous_keys.iter().map(ToString::to_string).collect();
        let previous = if previous.is_empty() { "no key".to_owned() } else { previous.join(", ") };
        let sources = self.previous_sources.join(", ");
        write!(f, "key ring {}", self.name)?;
        write!(f, "\n  current   {current} from {}", self.current_source)?;
        write!(f, "\n  previous  {previous} from {sources}")
    }
}
