//! Whether the keys are there, well formed and work, those of key services too; as JSON and for people, without any
//! key.

use std::fmt;

use serde::Serialize;

use crate::crypto::{Cipher, Key, NoRandomness, NonceLength, NonceSource, Parts, Plaintext};
use crate::error::Error;
use crate::keys::{KeyRing, KeyUse, RingConfig, UnwrappedKeys};

mod services;
mod shown;

use services::ServiceKeyShown;
use shown::RingShown;

pub(super) use services::{LookedAt, look_at};

/// The outcome for all rings, and all keys of key services, together.
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
    /// Keys of key services, with `--verbose`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    key_services: Vec<ServiceKeyShown>,
}

#[derive(Debug, Serialize)]
struct Checks {
    key_valid: bool,
    round_trip: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_key_valid: Option<bool>,
    /// Absent where columns name no key of a key service.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_services: Option<bool>,
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
    /// Key services answer for the keys that columns name.
    KeyServices,
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

impl Health {
    pub(super) fn check<'r>(
        rings: impl Iterator<Item = &'r RingConfig>,
        unwrapped: &UnwrappedKeys,
        services: Vec<LookedAt>,
        verbose: bool,
    ) -> Health {
        let key_services = (!services.is_empty()).then_some(true);
        let checks =
            Checks { key_valid: true, round_trip: true, previous_key_valid: None, key_services };
        let mut health = Health {
            status: "healthy",
            dual_key_mode: false,
            checks,
            errors: Vec::new(),
            rings: Vec::new(),
            key_services: Vec::new(),
        };
        for ring in rings {
            let loaded = health.check_ring(ring, unwrapped);
            if verbose {
                health.rings.push(RingShown::new(ring, loaded.as_ref()));
            }
        }
        for LookedAt { shown, trouble } in services {
            if let Some(error) = trouble {
                health.failed(Check::KeyServices, &error);
            }
            if verbose {
                health.key_services.push(shown);
            }
        }
        health
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.errors.is_empty()
    }

    /// As much of the ring as could be loaded.
    fn check_ring(&mut self, config: &RingConfig, unwrapped: &UnwrappedKeys) -> Option<KeyRing> {
        let current = match KeyRing::load_current_only_with(config, unwrapped) {
            Ok(current) => current,
            Err(error) => {
                self.failed(Check::KeyValid, &error);
                self.checks.round_trip = false;
                return None;
            }
        };
        for use_ in uses(config).iter().filter(|use_| use_.writes) {
            let tried = current.current_for(use_).and_then(|key| round_trip(&key, use_.cipher));
            if let Err(error) = tried {
                self.failed(Check::RoundTrip, &error);
            }
        }
        match KeyRing::load_with(config, unwrapped) {
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
            Check::KeyServices => self.checks.key_services = Some(false),
        }
        for error in std::iter::once(error).chain(&error.others) {
            let Error { what, place, hint, .. } = error.clone();
            self.errors.push(Finding { check, what, place, hint });
        }
    }
}

/// What the layouts make of a ring's keys.
fn uses(config: &RingConfig) -> Vec<KeyUse> {
    if config.uses.is_empty() { vec![KeyUse::default()] } else { config.uses.clone() }
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
        if let Some(passed) = self.checks.key_services {
            write!(f, "\n  key_services        {}", outcome(passed))?;
        }
        self.errors.iter().try_for_each(|finding| write!(f, "\n{finding}"))?;
        self.rings.iter().try_for_each(|ring| write!(f, "\n{ring}"))?;
        self.key_services.iter().try_for_each(|key| write!(f, "\n{key}"))
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
