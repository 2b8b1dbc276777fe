//! Key rings: where their keys are, and which of the rings a command needs.

use std::collections::BTreeMap;

use crate::cli::KeyWords;
use crate::config::file::{FileWords, RingWords, SourceWords};
use crate::config::keys::kms_key;
use crate::config::word::Word;
use crate::config::{ColumnConfig, TableConfig, Troubles};
use crate::error::{Error, Result, did_you_mean};
use crate::keys::{
    Holds, KeySource, LabelledSource, MalformedKeySource, RingConfig, WrappedSource,
};
use crate::layout::is_label;

/// The ring of `[keys]`, and of every table that names none.
pub const DEFAULT_RING: &str = "keys";

/// Whether values of these tables have keys of the default ring. Where a file names neither tables nor rings, it is
/// what is meant.
pub fn default_is_meant(file: &FileWords, tables: &[TableConfig]) -> bool {
    let mut tables = tables.iter().filter(|table| table.ring == DEFAULT_RING);
    tables.any(TableConfig::needs_ring) || (file.tables.is_empty() && file.rings.is_empty())
}

/// Every ring that is defined, by name. The default one is there when it is described, or when `is_used`.
pub fn resolve(
    typed: &KeyWords,
    file: &FileWords,
    is_used: bool,
    troubles: &mut Troubles,
) -> BTreeMap<String, RingConfig> {
    let mut rings = BTreeMap::new();
    for (name, words) in file.rings.iter().filter(|(name, _)| *name != DEFAULT_RING) {
        if let Some(ring) = named_ring(name, words, troubles) {
            rings.insert(name.clone(), ring);
        }
    }
    let described = file.rings.get(DEFAULT_RING);
    let typed_at_all = typed.current.is_some() || !typed.previous.is_empty();
    if (described.is_some() || typed_at_all || is_used)
        && let Some(ring) = default_ring(typed, described, troubles)
    {
        rings.insert(DEFAULT_RING.to_owned(), ring);
    }
    rings
}

/// The ring that a table names.
pub fn named<'w>(word: &'w Word, file: &FileWords) -> Result<&'w str> {
    if word.text == DEFAULT_RING || file.rings.contains_key(&word.text) {
        return Ok(&word.text);
    }
    let known = file.rings.keys().map(String::as_str).chain([DEFAULT_RING]);
    let how = || "define it under [ring.NAME] with current and previous".to_owned();
    let hint = did_you_mean(&word.text, known).unwrap_or_else(how);
    Err(word.wrong("no one defines this key ring").hint(hint))
}

fn named_ring(name: &str, words: &RingWords, troubles: &mut Troubles) -> Option<RingConfig> {
    let Some(current) = &words.current else {
        let error = Error::usage(format!("the ring {name} has no current key"));
        troubles.add(error.at(words.place.clone()).hint("current = \"file:PATH\""));
        return None;
    };
    let previous = words.previous.iter().flatten();
    ring(name, current, previous, troubles)
}

fn default_ring(
    typed: &KeyWords,
    described: Option<&RingWords>,
    troubles: &mut Troubles,
) -> Option<RingConfig> {
    let by_option =
        |option: &'static str| move |text: &String| SourceWords::plain(Word::new(text, option));
    let default = |source: &str| SourceWords::plain(Word::new(source, "the default"));
    let current = typed.current.as_ref().map(by_option("--current"));
    let current = current.or_else(|| described.and_then(|words| words.current.clone()));
    let current = current.unwrap_or_else(|| default("env:ENCRYPTION_KEY"));
    let typed: Vec<SourceWords> = typed.previous.iter().map(by_option("--previous")).collect();
    let previous = match typed.as_slice() {
        [] => described.and_then(|words| words.previous.clone()),
        _ => Some(typed),
    };
    let previous = previous.unwrap_or_else(|| vec![default("env:ENCRYPTION_KEY_PREVIOUS")]);
    ring(DEFAULT_RING, &current, &previous, troubles)
}

fn ring<'w>(
    name: &str,
    current: &SourceWords,
    previous: impl IntoIterator<Item = &'w SourceWords>,
    troubles: &mut Troubles,
) -> Option<RingConfig> {
    let current = troubles.note(source(current));
    let previous = previous.into_iter().filter_map(|word| troubles.note(source(word))).collect();
    // what the layouts make of the keys is known once the tables are
    Some(RingConfig { name: name.to_owned(), current: current?, previous, uses: Vec::new() })
}

fn source(words: &SourceWords) -> Result<LabelledSource> {
    let from: KeySource = words.from.text.parse().map_err(|malformed: MalformedKeySource| {
        words
            .from
            .wrong(malformed.to_string())
            .hint("name the variable or the file that holds the key, never the key itself")
    })?;
    let from = match &words.kms {
        None => from,
        Some(kms) => {
            let kms = kms_key(kms)?;
            KeySource::Wrapped(Box::new(WrappedSource { kms, wrapped: from }))
        }
    };
    let label = words.label.as_ref().map(|word| match is_label(&word.text) {
        true => Ok(word.text.clone()),
        false => Err(word.wrong("a key label has 1 to 100 visible ASCII characters")),
    });
    match words.is_keyset {
        true => Ok(LabelledSource { from, holds: Holds::Keyset }),
        false => Ok(LabelledSource::new(from, label.transpose()?)),
    }
}

/// Tells each ring what the layouts of its tables make of its keys.
pub fn tell_uses(rings: &mut BTreeMap<String, RingConfig>, tables: &[TableConfig]) {
    for (name, ring) in rings {
        let columns = tables.iter().filter(|table| table.ring == *name).flat_map(|t| &t.columns);
        ring.uses = columns.flat_map(ColumnConfig::key_uses).collect();
        ring.uses.sort_by(|one, other| other.writes.cmp(&one.writes).then(one.cmp(other)));
        ring.uses.dedup();
    }
}
