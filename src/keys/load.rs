//! Reads the sources of a ring and judges what they hold.

use std::sync::Mutex;

use super::kept::Kept;
use super::made::decode;
use super::{
    KeyRing, KeySource, KeyUse, LabelledSource, RingConfig, RingKey, UnwrappedKeys, WrappedSource,
    Wrapping,
};
use crate::crypto::{KeyId, MalformedKey, SecretBytes, wipe_unused_stack};
use crate::error::{Error, Result};

pub(super) fn all(config: &RingConfig, unwrapped: &UnwrappedKeys) -> Result<KeyRing> {
    let current = current(config, unwrapped)?;
    let mut previous: Vec<Located> = Vec::new();
    for source in &config.previous {
        let (texts, wrapping) = match &source.from {
            KeySource::Wrapped(wrapped) => {
                let found = opened(unwrapped, wrapped)?;
                (vec![found.0], Some(found.1))
            }
            plain => (plain.previous_texts()?, None),
        };
        let several = texts.len() > 1;
        if several && source.label.is_some() {
            return Err(Error::usage("several keys where one key with a label is expected")
                .at(source.from.to_string())
                .hint("give each key a source of its own"));
        }
        for (place, text) in texts.into_iter().enumerate() {
            let position = several.then_some(place + 1);
            let mut key = key(config, source, text, false)
                .map_err(|malformed| refused(malformed, &source.from, position, config))?;
            key.source = located(&source.from, position);
            key.wrapping.clone_from(&wrapping);
            let found = Located { key, source: &source.from, position };
            refuse_repeated(&found, &current, &config.current.from, &previous)?;
            previous.push(found);
        }
    }
    let previous = previous.into_iter().map(|found| found.key).collect();
    let ring = KeyRing { current, previous, made: Mutex::default() };
    wipe_unused_stack();
    Ok(ring)
}

pub(super) fn current_only(config: &RingConfig, unwrapped: &UnwrappedKeys) -> Result<KeyRing> {
    let current = current(config, unwrapped)?;
    Ok(KeyRing { current, previous: Vec::new(), made: Mutex::default() })
}

/// A previous key and where it was found.
struct Located<'s> {
    key: RingKey,
    source: &'s KeySource,
    /// Counted from 1; `None` when the source holds one key.
    position: Option<usize>,
}

fn current(config: &RingConfig, unwrapped: &UnwrappedKeys) -> Result<RingKey> {
    let source = &config.current;
    let found = match &source.from {
        KeySource::Wrapped(wrapped) => {
            opened(unwrapped, wrapped).map(|(text, wrapping)| (text, Some(wrapping)))
        }
        plain => plain.current_text().map(|text| (text, None)),
    };
    let key = found.and_then(|(text, wrapping)| {
        let key = key(config, source, text, true)
            .map_err(|malformed| refused(malformed, &source.from, None, config))?;
        Ok(RingKey { wrapping, ..key })
    });
    key.map_err(|error| match config.name.as_str() {
        "keys" => error,
        name => {
            let place = error.place.clone().unwrap_or_default();
            error.at(format!("{place} (key ring `{name}`)"))
        }
    })
}

/// What a KMS has unwrapped, and how it was wrapped.
fn opened(unwrapped: &UnwrappedKeys, source: &WrappedSource) -> Result<(SecretBytes, Wrapping)> {
    let key = unwrapped.get(source)?;
    Ok((SecretBytes::new(key.text.expose().to_vec()), key.wrapping.clone()))
}

/// The key that a text is. Some layout must understand it; of the current key, every one that is written.
fn key(
    config: &RingConfig,
    source: &LabelledSource,
    text: SecretBytes,
    is_current: bool,
) -> Result<RingKey, MalformedKey> {
    let default = [KeyUse::default()];
    let uses = if config.uses.is_empty() { &default[..] } else { &config.uses };
    let (mut random, mut understood, mut malformed) = (None, false, None);
    for use_ in uses {
        match decode(&use_.form, use_.cipher, text.expose()) {
            Ok(bytes) => {
                understood = true;
                if !use_.form.is_guessable() {
                    random.get_or_insert_with(|| KeyId::of(bytes.expose()));
                }
            }
            Err(why) if is_current && use_.writes => return Err(why),
            Err(why) => drop(malformed.get_or_insert(why)),
        }
    }
    if let Some(malformed) = malformed.filter(|_| !understood) {
        return Err(malformed);
    }
    let is_guessable = random.is_none();
    let id = match random {
        Some(id) => id,
        None => KeyId::random().map_err(|_| MalformedKey::NoLabel)?,
    };
    Ok(RingKey {
        id,
        label: source.label.clone(),
        text: Kept::new(text),
        is_guessable,
        source: source.from.to_string(),
        wrapping: None,
    })
}

fn refused(
    malformed: MalformedKey,
    source: &KeySource,
    position: Option<usize>,
    config: &RingConfig,
) -> Error {
    let error = Error::usage(malformed.to_string()).at(located(source, position));
    match config.uses.as_slice() {
        [] => error.hint(format!("a key is 64 hexadecimal characters; {}", source.separated())),
        [only] if *only == KeyUse::default() => {
            error.hint(format!("a key is 64 hexadecimal characters; {}", source.separated()))
        }
        _ => error.hint(format!(
            "its layouts say what a key looks like: `key` of the column; {}",
            source.separated()
        )),
    }
}

fn refuse_repeated(
    found: &Located<'_>,
    current: &RingKey,
    current_source: &KeySource,
    before: &[Located<'_>],
) -> Result<()> {
    let same = |other: &RingKey| found.key.id == other.id || found.key.text == other.text;
    let place = located(found.source, found.position);
    if same(current) {
        return Err(Error::usage("a previous key is the current key")
            .at(format!("{place}, and {current_source}"))
            .hint("the current key is the new one; previous keys are those it replaces"));
    }
    match before.iter().find(|other| same(&other.key)) {
        Some(other) => Err(Error::usage("the same previous key twice")
            .at(format!("{place}, and {}", located(other.source, other.position)))
            .hint("name each previous key once")),
        None => Ok(()),
    }
}

/// `env:NAME`, or `env:NAME, key 2`.
pub(super) fn located(source: &KeySource, position: Option<usize>) -> String {
    match position {
        Some(position) => format!("{source}, key {position}"),
        None => source.to_string(),
    }
}
