//! `data_key = { … }`: data keys that lie wrapped beside the values they seal.

use crate::config::Troubles;
use crate::config::document::Entry;
use crate::config::file::word;
use crate::config::layouts::context;
use crate::layout::{DataKeySettings, ReadKeySettings};

/// What was said of a column's data keys.
pub fn settings(entry: Entry<'_>, troubles: &mut Troubles) -> Option<DataKeySettings> {
    let mut section = troubles.note(entry.section("data_key"))?;
    let read = section.take("read").and_then(|entry| troubles.note(entry.list()));
    let read = read.unwrap_or_default().into_iter();
    let read = read.filter_map(|entry| to_read(entry, troubles)).collect();
    let context = section.take("context").and_then(|entry| context(entry, troubles));
    let rows = word(&mut section, "rows_per_data_key", Entry::number, troubles);
    let rows_per_data_key = rows.and_then(|word| {
        let number = word.text.parse().map_err(|_| word.wrong("this number is out of bounds"));
        troubles.note(number)
    });
    let mut text = |key| word(&mut section, key, Entry::text, troubles).map(|word| word.text);
    let settings = DataKeySettings {
        kms: text("kms"),
        read,
        aad: text("aad"),
        context,
        column: text("column"),
        field: text("field"),
        encoding: text("encoding"),
        version_column: text("version_column"),
        version_field: text("version_field"),
        rotate: text("rotate"),
        rows_per_data_key,
        form: text("form"),
    };
    section.finish(troubles);
    Some(settings)
}

/// `"awskms:///…"`, or a table with `kms` and what it binds to.
fn to_read(entry: Entry<'_>, troubles: &mut Troubles) -> Option<ReadKeySettings> {
    if !entry.is_section() {
        return Some(ReadKeySettings::from(&*troubles.note(entry.text())?.text));
    }
    let mut section = troubles.note(entry.section("read"))?;
    let context = section.take("context").and_then(|entry| context(entry, troubles));
    let mut text = |key| word(&mut section, key, Entry::text, troubles).map(|word| word.text);
    let kms = text("kms").unwrap_or_default();
    let settings = ReadKeySettings { kms, aad: text("aad"), context };
    section.finish(troubles);
    Some(settings)
}
