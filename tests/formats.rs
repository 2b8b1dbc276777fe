//! The table of formats in the documentation: made from the presets, and held to them.
//!
//! `make formats` writes it anew. And what the presets have to say to stand in it.

#![allow(clippy::unwrap_used, reason = "a test that fails may say so by a panic")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use reseal::layout::{Layout, Preset, Status};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/formats.md");

const HEAD: &str = "# Formats

Written by `make formats` from `src/layout/presets.toml`, which anybody can extend without touching code.

*Read* means that nothing authenticates such values: they are a source to migrate from, never written. Of every
preset a ciphertext stands in `tests/vectors` that opens and is written again byte for byte; the file says whether
the library itself made it or somebody who followed its source. `make test-libraries` lets the libraries that can be
installed read what was resealed.

Values whose data key a KMS has wrapped, Tink's KmsEnvelopeAead among them, and values that a KMS seals itself have no
preset, because they name a KMS key: [envelope columns](envelopes.md), [columns that a KMS key seals](kms.md).

Behind a semicolon stand the other columns of a value that is [spread over several](spread.md); `fields` are members of a
[JSON object](json.md#objects).

| preset | stored as | cipher | key | status | |
|---|---|---|---|---|---|
";

fn table() -> String {
    let mut table = HEAD.to_owned();
    for preset in Layout::presets() {
        let status = match preset.status() {
            Status::ReadAndWritten => "read, written",
            Status::ReadOnly => "read",
        };
        let (name, about) = (&preset.name, &preset.about);
        let cipher = preset.settings.cipher.as_deref().unwrap_or("aes-256-gcm");
        let shape = match preset.settings.code {
            Some(_) => "a coded layout".to_owned(),
            None => format!("`{}`", preset.shape()),
        };
        let key = key(preset);
        writeln!(table, "| `{name}` | {shape} | {cipher} | {key} | {status} | {about} |").unwrap();
    }
    table.push_str("\n## Not supported, or without a preset\n\n| format | why |\n|---|---|\n");
    for unsupported in Preset::unsupported() {
        writeln!(table, "| {} | {} |", unsupported.name, unsupported.why).unwrap();
    }
    table
}

/// Encoding and derivation in short.
fn key(preset: &Preset) -> String {
    let key = preset.settings.key.clone().unwrap_or_default();
    let encoding = key.encoding.unwrap_or_else(|| "hex".to_owned());
    let hash = key.hash.map(|hash| format!("-{hash}")).unwrap_or_default();
    let each = key.salt.as_deref() == Some("{salt}");
    let each = if each { " for each value" } else { "" };
    match key.derive {
        Some(derive) => format!("{encoding}, {derive}{hash}{each}"),
        None => encoding,
    }
}

#[test]
fn the_table_of_formats_is_that_of_the_presets() {
    if std::env::var_os("RESEAL_WRITE_FORMATS").is_some() {
        fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        fs::write(PATH, table()).unwrap();
    }
    let written = fs::read_to_string(PATH).unwrap_or_default();
    assert!(written == table(), "docs/formats.md is not what the presets say: run `make formats`");
}

#[test]
fn presets_have_names_of_their_own_a_source_and_a_vector() {
    let mut names = BTreeSet::new();
    for preset in Layout::presets() {
        assert!(names.insert(&preset.name), "{} is there twice", preset.name);
        assert!(!preset.about.is_empty() && !preset.source.is_empty(), "{}", preset.name);
        assert!(!preset.vectors.is_empty(), "{} has no vector of its own", preset.name);
    }
    for unsupported in Preset::unsupported() {
        assert!(names.insert(&unsupported.name), "{} is there twice", unsupported.name);
    }
}
