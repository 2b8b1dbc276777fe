//! Reads the sources of a ring and judges what they hold.

use std::sync::Mutex;

use super::kept::Kept;
use super::keyset::{Keyset, KeysetKey, MalformedKeyset};
use super::{
    Holds, KeyRing, KeySource, KeyUse, LabelledSource, RingConfig, RingKey, UnwrappedKeys,
    WrappedSource, Wrapping,
};
use crate::crypto::{KeyId, MalformedKey, SecretBytes, wipe_unused_stack};
use crate::error::{Error, Result};

pub(super) fn all(config: &RingConfig, unwrapped: &UnwrappedKeys) -> Result<KeyRing> {
    let mut keys = with_current(config, unwrapped)?;
    for source in &config.previous {
        for key in previous(config, source, unwrapped)? {
            refuse_repeated(&key, &keys)?;
            keys.push(key);
        }
    }
    let ring = ring(keys)?;
    wipe_unused_stack();
    Ok(ring)
}

pub(super) fn current_only(config: &RingConfig, unwrapped: &UnwrappedKeys) -> Result<KeyRing> {
    let mut keys = with_current(config, unwrapped)?;
    keys.truncate(1);
    ring(keys)
}

/// The first one is the current key.
fn ring(mut keys: Vec<RingKey>) -> Result<KeyRing> {
    let previous = keys.split_off(keys.len().min(1));
    let current = keys.pop().ok_or_else(|| Error::bug("a ring without a key"))?;
    Ok(KeyRing { current, previous, made: Mutex::default() })
}

/// The current key, and after it the other keys of its keyset.
fn with_current(config: &RingConfig, unwrapped: &UnwrappedKeys) -> Result<Vec<RingKey>> {
    let source = &config.current;
    let keys = match &source.holds {
        Holds::Keyset => of_keyset(config, source, unwrapped, true),
        Holds::Keys | Holds::Labelled(_) => current(config, source, unwrapped).map(|key| vec![key]),
    };
    keys.map_err(|error| match config.name.as_str() {
        "keys" => error,
        name => {
            let place = error.place.clone().unwrap_or_default();
            error.at(format!("{place} (key ring `{name}`)"))
        }
    })
}

fn current(
    config: &RingConfig,
    source: &LabelledSource,
    unwrapped: &UnwrappedKeys,
) -> Result<RingKey> {
    let (text, wrapping) = match &source.from {
        KeySource::Wrapped(wrapped) => {
            opened(unwrapped, wrapped).map(|(text, wrapping)| (text, Some(wrapping)))?
        }
        plain => (plain.current_text()?, None),
    };
    let key = key(config, source, Kept::new(text), true)
        .map_err(|malformed| refused(malformed, &source.from, None, config))?;
    Ok(RingKey { wrapping, ..key })
}

fn previous(
    config: &RingConfig,
    source: &LabelledSource,
    unwrapped: &UnwrappedKeys,
) -> Result<Vec<RingKey>> {
    if source.holds == Holds::Keyset {
        return of_keyset(config, source, unwrapped, false);
    }
    let (texts, wrapping) = match &source.from {
        KeySource::Wrapped(wrapped) => {
            let found = opened(unwrapped, wrapped)?;
            (vec![found.0], Some(found.1))
        }
        plain => (plain.previous_texts()?, None),
    };
    let several = texts.len() > 1;
    if several && matches!(source.holds, Holds::Labelled(_)) {
        return Err(Error::usage("several keys where one key with a label is expected")
            .at(source.from.to_string())
            .hint("give each key a source of its own"));
    }
    let key = |(place, text): (usize, SecretBytes)| {
        let position = several.then_some(place + 1);
        let key = key(config, source, Kept::new(text), false)
            .map_err(|malformed| refused(malformed, &source.from, position, config))?;
        let source = located(&source.from, position);
        Ok(RingKey { source, wrapping: wrapping.clone(), ..key })
    };
    texts.into_iter().enumerate().map(key).collect()
}

/// The keys of a keyset, its primary one first.
fn of_keyset(
    config: &RingConfig,
    source: &LabelledSource,
    unwrapped: &UnwrappedKeys,
    is_current: bool,
) -> Result<Vec<RingKey>> {
    let refused = |malformed: MalformedKeyset| {
        Error::usage(malformed.to_string()).at(source.from.to_string()).hint(malformed.hint())
    };
    let (keyset, wrapping) = match &source.from {
        KeySource::Wrapped(wrapped) => {
            let key = unwrapped.get(wrapped)?;
            (Keyset::parse(key.opened.expose()), Some(key.wrapping.clone()))
        }
        plain => {
            let content = plain.content().map_err(|error| error.hint(MalformedKeyset::WHAT))?;
            (Keyset::parse(&content), None)
        }
    };
    let Keyset { primary, others } = keyset.map_err(refused)?;
    let mut keys: Vec<RingKey> = Vec::new();
    for (place, found) in std::iter::once(primary).chain(others).enumerate() {
        let located = format!("{}, key {}", source.from, found.id);
        let key = ring_key_of(config, source, found, is_current && place == 0)
            .map_err(|malformed| Error::usage(malformed.to_string()).at(located.clone()))?;
        let key = RingKey { source: located, wrapping: wrapping.clone(), ..key };
        refuse_repeated(&key, &keys)?;
        keys.push(key);
    }
    Ok(keys)
}

fn ring_key_of(
    config: &RingConfig,
    source: &LabelledSource,
    found: KeysetKey,
    is_current: bool,
) -> Result<RingKey, MalformedKey> {
    let label = found.label();
    let id = KeyId::of(found.bytes.expose());
    let key = key(config, source, Kept::OfKeyset(found), is_current)?;
    Ok(RingKey { label, id, is_guessable: false, ..key })
}

/// What a KMS has unwrapped, and how it was wrapped.
fn opened(unwrapped: &UnwrappedKeys, source: &WrappedSource) -> Result<(SecretBytes, Wrapping)> {
    let key = unwrapped.get(source)?;
    Ok((key.text(), key.wrapping.clone()))
}

/// The key that a secret is. Some layout must understand it; of the current key, every one that is written.
fn key(
    config: &RingConfig,
    source: &LabelledSource,
    text: Kept,
    is_current: bool,
) -> Result<RingKey, MalformedKey> {
    let default = [KeyUse::default()];
    let uses = if config.uses.is_empty() { &default[..] } else { &config.uses };
    let (mut random, mut understood, mut malformed) = (None, false, None);
    for use_ in uses {
        match text.secret(&use_.form, use_.cipher) {
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
        label: match &source.holds {
            Holds::Labelled(label) => Some(label.clone()),
            Holds::Keys | Holds::Keyset => None,
        },
        text,
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

/// Refuses a key that stands before it, where the current one is the first.
fn refuse_repeated(key: &RingKey, before: &[RingKey]) -> Result<()> {
    let same = |other: &RingKey| key.id == other.id || key.text.is_same(&other.text);
    let Some(place) = before.iter().position(same) else { return Ok(()) };
    let error = match place {
        0 => Error::usage("a previous key is the current key")
            .hint("the current key is the new one; previous keys are those it replaces"),
        _ => Error::usage("the same previous key twice").hint("name each previous key once"),
    };
    Err(error.at(format!("{}, and {}", key.source, before[place].source)))
}

/// `env:NAME`, or `env:NAME, key 2`.
pub(super) fn located(source: &KeySource, position: Option<usize>) -> String {
    match position {
        Some(position) => format!("{source}, key {position}"),
        None => source.to_string(),
    }
}
