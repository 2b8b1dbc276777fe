//! Whether the keys are there, well formed and work; as JSON and for people, without any key.

use std::fmt;

use serde::Serialize;

use crate::crypto::{Cipher, Key, KeyId, NoRandomness, NonceLength, NonceSource, Parts, Plaintext};
use crate::error::Error;
use crate::keys::{KeyRing, KeyUse, RingConfig, RingKey, UnwrappedKeys};

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
    /// Each key that could be loaded, the current one first.
    keys: Vec<KeyShown>,
}

/// One key: where it came from, and whether it works.
#[derive(Debug, Serialize)]
struct KeyShown {
    key: KeyId,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapped_by: Option<WrappingShown>,
    /// It opens what it has sealed, in a layout of its ring.
    round_trip: bool,
}

/// How a key lies wrapped, as far as its service tells.
#[derive(Debug, Serialize)]
struct WrappingShown {
    kms: String,
    version: Option<String>,
    newest_version: Option<String>,
    is_newest: Option<bool>,
}

impl Health {
    pub(super) fn check<'r>(
        rings: impl Iterator<Item = &'r RingConfig>,
        unwrapped: &UnwrappedKeys,
        verbose: bool,
    ) -> Health {
        let checks = Checks { key_valid: true, round_trip: true, previous_key_valid: None };
        let mut health = Health {
            status: "healthy",
            dual_key_mode: false,
            checks,
            errors: Vec::new(),
            rings: Vec::new(),
        };
        for ring in rings {
            let loaded = health.check_ring(ring, unwrapped);
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
            keys: loaded
                .iter()
                .flat_map(|ring| std::iter::once(ring.current()).chain(ring.previous()))
                .map(|key| KeyShown::new(key, &uses(config)))
                .collect(),
        }
    }
}

impl KeyShown {
    fn new(key: &RingKey, uses: &[KeyUse]) -> Self {
        let works =
            |use_: &KeyUse| key.for_use(use_).and_then(|key| round_trip(&key, use_.cipher)).is_ok();
        let wrapped_by = key.wrapping().map(|wrapping| WrappingShown {
            kms: wrapping.kms.to_string(),
            version: wrapping.version.clone(),
            newest_version: wrapping.newest_version.clone(),
            is_newest: wrapping.is_newest,
        });
        let round_trip = uses.iter().any(works);
        Self { key: *key.id(), source: key.source().to_owned(), wrapped_by, round_trip }
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
        write!(f, "\n  previous  {previous} from {sources}")?;
        self.keys.iter().try_for_each(|key| write!(f, "{key}"))
    }
}

/// Of a wrapped key, and of one that does not work.
impl fmt::Display for KeyShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(wrapping) = &self.wrapped_by {
            let told = |version: &Option<String>| version.clone().unwrap_or("not told".to_owned());
            let (version, newest) = (told(&wrapping.version), told(&wrapping.newest_version));
            write!(f, "\n  {} wrapped under version {version}", self.key)?;
            match wrapping.is_newest {
                Some(true) => f.write_str(", the newest")?,
                Some(false) => write!(f, ", which is not the newest ({newest})")?,
                None => write!(f, ", newest version {newest}")?,
            }
        }
        match self.round_trip {
            true => Ok(()),
            false => write!(f, "\n  {} does not open what it has sealed", self.key),
        }
    }
}
