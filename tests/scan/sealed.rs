//! Values in any preset, sealed by the crate itself: a plaintext column that is encrypted for the first time.

use std::io::Write as _;

use reseal::keys::{KeyRing, KeySource, KeyUse, RingConfig};
use reseal::layout::{ColumnLayout, KeySettings, Layout, RowTexts, Settings, Unmatched};
use reseal::value::{Resealing, Scratch, ValueWork};

use super::support::TestKey;

/// `count` short plaintexts, sealed as the library of the preset would for this table and column.
pub fn values(
    key: &TestKey,
    preset: &str,
    table: &str,
    column: &str,
    count: usize,
) -> Vec<Vec<u8>> {
    let layout = layout(preset);
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(key.hex().as_bytes()).expect("a key file");
    let mut config = RingConfig::new("keys", KeySource::File(file.path().to_owned()), Vec::new());
    config.uses = vec![KeyUse::of(&layout, true)];
    let ring = KeyRing::load(&config).expect("a key");
    let layout = ColumnLayout::try_from(layout).expect("a layout to write");
    let layout = layout.with_unmatched(Unmatched::Encrypt).expect("one that authenticates");
    let keys = ring.column_keys(&layout, table, column).expect("its keys");
    let work = ValueWork::new(&keys, &layout);
    let mut scratch = Scratch::default();
    let seal = |n: usize| {
        let plaintext = format!("secret {n}");
        match work.reseal(plaintext.as_bytes(), &RowTexts::default(), &mut scratch) {
            Ok(Resealing::Resealed(stored)) => stored,
            other => panic!("{preset}: {other:?}"),
        }
    };
    (0..count).map(seal).collect()
}

/// A preset, with the test's hexadecimal key where it has base64.
fn layout(preset: &str) -> Layout {
    let named = Settings { layout: Some(preset.to_owned()), ..Settings::default() };
    let key = KeySettings { encoding: Some("hex".to_owned()), ..KeySettings::default() };
    let settings = match preset {
        "fernet" => Settings { key: Some(key), ..named },
        _ => named,
    };
    Layout::of(settings).expect("a preset")
}
