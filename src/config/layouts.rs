//! The words of a layout in `reseal.toml`: a name or a template, or a table with settings.

use std::collections::BTreeMap;

use crate::config::Troubles;
use crate::config::data_keys;
use crate::config::document::{Entry, Section};
use crate::config::file::word;
use crate::config::word::Word;
use crate::error::Error;
use crate::keys::{KeySource, MalformedKeySource};
use crate::layout::{KeySettings, LayoutError, PieceSettings, Settings};

/// What was said of a layout, and where.
#[derive(Clone, Debug)]
pub struct LayoutWords {
    /// Its text is empty: only the place is of interest.
    pub place: Word,
    pub settings: Settings,
}

impl LayoutWords {
    /// Nothing was said.
    pub fn none(place: String) -> Self {
        Self { place: Word::new("", place), settings: Settings::default() }
    }

    /// A name or a template.
    pub fn named(layout: &str, place: &Word) -> Self {
        let settings = Settings { layout: Some(layout.to_owned()), ..Settings::default() };
        Self { place: Word::new("", place.place.clone()), settings }
    }

    /// `"go"`, or a table with `layout` and settings.
    pub fn take(entry: Entry<'_>, troubles: &mut Troubles) -> Option<Self> {
        if !entry.is_section() {
            return troubles.note(entry.text()).map(|word| Self::named(&word.text, &word));
        }
        let place = entry.place();
        let mut section = troubles.note(entry.section("a layout"))?;
        let layout = word(&mut section, "layout", Entry::text, troubles);
        let kms = word(&mut section, "kms", Entry::text, troubles);
        let mut words = Self::beside(&mut section, place, troubles);
        section.finish(troubles);
        if layout.is_none() && kms.is_none() && words.settings.fields.is_none() {
            let what = "a layout without a template, the name of a preset or a KMS key";
            troubles.add(words.place.wrong(what).hint("layout = \"enc-v1\""));
            return None;
        }
        words.settings.layout = layout.map(|word| word.text);
        words.settings.kms = kms.map(|word| word.text);
        Some(words)
    }

    /// Values that a key of a key service seals itself.
    pub fn of_service(kms: &Word) -> Self {
        let settings = Settings { kms: Some(kms.text.clone()), ..Settings::default() };
        Self { place: Word::new("", kms.place.clone()), settings }
    }

    /// The settings that may stand beside a layout.
    pub fn beside(section: &mut Section<'_>, place: String, troubles: &mut Troubles) -> Self {
        let mut text = |key| word(section, key, Entry::text, troubles).map(|word| word.text);
        let mut settings = Settings {
            cipher: text("cipher"),
            aad: text("aad"),
            nonce: text("nonce"),
            plaintext: text("plaintext"),
            label: text("label"),
            encoding: text("encoding"),
            version_column: text("version_column"),
            ..Settings::default()
        };
        settings.key = section.take("key").and_then(|entry| key(entry, troubles));
        settings.context = section.take("context").and_then(|entry| context(entry, troubles));
        settings.data_key =
            section.take("data_key").and_then(|entry| data_keys::settings(entry, troubles));
        settings.beside =
            section.take("beside").and_then(|entry| pieces(entry, "beside", troubles));
        settings.fields =
            section.take("fields").and_then(|entry| pieces(entry, "fields", troubles));
        Self { place: Word::new("", place), settings }
    }

    /// Wrong in some way, with what mends it.
    pub fn refused(&self, error: LayoutError) -> Error {
        refused(&self.place, error)
    }
}

/// What a layout is refused for, at the place of its word.
pub fn refused(word: &Word, error: LayoutError) -> Error {
    let refused = word.wrong(error.to_string());
    match error.hint {
        Some(hint) => refused.hint(hint),
        None => refused,
    }
}

/// `{ tenant = "{tenant_id}" }`
pub(super) fn context(
    entry: Entry<'_>,
    troubles: &mut Troubles,
) -> Option<BTreeMap<String, String>> {
    let section = troubles.note(entry.section("context"))?;
    let pairs = section
        .all()
        .into_iter()
        .filter_map(|(name, template)| Some((name.text, troubles.note(template.text())?.text)));
    Some(pairs.collect())
}

/// `NAME = "TEMPLATE"` for every column or field; or a table with `layout` and `may_be_null`.
fn pieces(
    entry: Entry<'_>,
    title: &str,
    troubles: &mut Troubles,
) -> Option<BTreeMap<String, PieceSettings>> {
    let section = troubles.note(entry.section(title))?;
    let mut pieces = BTreeMap::new();
    for (name, entry) in section.all() {
        let piece = match entry.is_section() {
            false => troubles.note(entry.text()).map(|word| word.text.into()),
            true => troubles.note(entry.section("a piece")).map(|mut section| {
                let layout = word(&mut section, "layout", Entry::text, troubles);
                let may_be_null = word(&mut section, "may_be_null", Entry::switch, troubles);
                section.finish(troubles);
                PieceSettings {
                    layout: layout.map(|word| word.text).unwrap_or_default(),
                    may_be_null: may_be_null.is_some_and(|word| word.text == "true"),
                }
            }),
        };
        pieces.insert(name.text, piece.unwrap_or_default());
    }
    Some(pieces)
}

/// `"base64"`, or a table with `encoding` and a derivation.
fn key(entry: Entry<'_>, troubles: &mut Troubles) -> Option<KeySettings> {
    if !entry.is_section() {
        let encoding = troubles.note(entry.text())?.text;
        return Some(KeySettings { encoding: Some(encoding), ..KeySettings::default() });
    }
    let mut section = troubles.note(entry.section("key"))?;
    let mut number = |key| {
        let word = word(&mut section, key, Entry::number, troubles)?;
        let number = word.text.parse().map_err(|_| word.wrong("this number is out of bounds"));
        troubles.note(number)
    };
    let mut key = KeySettings {
        iterations: number("iterations"),
        log_n: number("log_n"),
        r: number("r"),
        p: number("p"),
        memory_kib: number("memory_kib"),
        passes: number("passes"),
        lanes: number("lanes"),
        ..KeySettings::default()
    };
    let salt_from = word(&mut section, "salt_from", Entry::text, troubles);
    let mut text = |key| word(&mut section, key, Entry::text, troubles).map(|word| word.text);
    key.encoding = text("encoding");
    key.prefix = text("prefix");
    key.derive = text("derive");
    key.hash = text("hash");
    key.salt = text("salt");
    key.info = text("info");
    key.mac_key = text("mac_key");
    key.kid = text("kid");
    section.finish(troubles);
    if let Some(source) = &salt_from {
        let parsed = source.text.parse::<KeySource>();
        troubles.note(parsed.map_err(|malformed: MalformedKeySource| {
            source.wrong(malformed.to_string().replace("key", "salt"))
        }));
    }
    key.salt_from = salt_from.map(|word| word.text);
    Some(key)
}
