//! Real ciphertexts of other programs, read and written through presets.
//!
//! Each file of `tests/vectors` says which library made it, `src/layout/presets.toml` which preset reads it
//! and where the file has the secret.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails may say so by a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use reseal::keys::{KeyRing, KeySource, KeyUse, LabelledSource, Owner, PreparedKey, RingConfig};
use reseal::layout::{
    DecodeBuffer, Empty, Layout, Nothing, Over, Preset, RowTexts, Sealed, Settings, Vector,
};
use reseal::value::{Reading, Resealing, Scratch, ValueWork};
use reseal::{crypto::Plaintext, layout::ColumnLayout};
use serde_json::Value;

fn directory() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors")).to_owned()
}

/// A vector with everything it takes to open it.
struct Case {
    name: String,
    settings: Settings,
    vector: &'static Vector,
    secret: String,
    plaintext: Vec<u8>,
    stored: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let of_preset = |preset: &'static Preset| {
        preset.vectors.iter().map(|vector| Case::load(&preset.name, vector)).collect::<Vec<_>>()
    };
    Layout::presets().flat_map(of_preset).collect()
}

impl Case {
    fn load(preset: &str, vector: &'static Vector) -> Self {
        let text = fs::read(directory().join(&vector.file).with_extension("json")).unwrap();
        let json: Value = serde_json::from_slice(&text).unwrap();
        let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let (layout, own) = (Some(preset.to_owned()), vector.settings.clone().unwrap_or_default());
        // An application chooses its additional data; that of a preset is its own.
        let chosen = Layout::presets().find(|known| known.name == preset).unwrap();
        let aad = text("/aad").filter(|aad| !aad.is_empty() && chosen.settings.aad.is_none());
        let settings = Settings { layout, aad, ..Settings::default() }.over(&own);
        let stored = stored(&Layout::of(settings.clone()).unwrap(), vector, text);
        let plaintext = match text("/plaintext_is") {
            Some(_) => pickled(&text("/plaintext").unwrap()),
            None if vector.file == "lockbox-padding" => padded(&text("/plaintext").unwrap()),
            None => text("/plaintext").unwrap().into_bytes(),
        };
        Self {
            name: format!("{} as {preset}", vector.file),
            settings,
            vector,
            secret: text(vector.secret.as_deref().unwrap_or("/key")).unwrap(),
            plaintext,
            stored,
        }
    }

    fn layout(&self) -> Layout {
        Layout::of(self.settings.clone()).unwrap_or_else(|why| panic!("{}: {why}", self.name))
    }

    /// A ring of this secret, and of others before it.
    fn ring(&self, layout: &Layout, others: &[&str]) -> KeyRing {
        let directory = tempfile::TempDir::new().unwrap();
        let secrets = others.iter().copied().chain([&*self.secret]).enumerate();
        let mut sources = secrets.map(|(place, secret)| {
            let path = directory.path().join(place.to_string());
            fs::write(&path, secret).unwrap();
            let label = self.vector.kid.clone();
            LabelledSource::new(KeySource::File(path), label)
        });
        let (current, previous) = (sources.next().unwrap(), sources.collect());
        let uses = vec![KeyUse::of(layout, true)];
        KeyRing::load(&RingConfig { name: "keys".to_owned(), current, previous, uses })
            .unwrap_or_else(|why| panic!("{}: {why}", self.name))
    }

    fn row(&self) -> RowTexts<'_> {
        RowTexts { table: &self.vector.table, column: &self.vector.column, ..RowTexts::default() }
    }

    /// Another secret of the same kind.
    fn wrong_secret(&self) -> String {
        let mut wrong: Vec<char> = self.secret.chars().collect();
        let place = wrong.len() / 2;
        wrong[place] = if wrong[place] == '7' { '8' } else { '7' };
        wrong.into_iter().collect()
    }
}

/// The stored value; of one that is spread a cell of its pieces, the ciphertext's first.
fn stored(layout: &Layout, vector: &Vector, text: impl Fn(&str) -> Option<String>) -> Vec<u8> {
    let bytes = |stored: String| match stored.strip_prefix("\\x") {
        Some(hex) => HEXLOWER.decode(hex.as_bytes()).unwrap(),
        None => stored.into_bytes(),
    };
    let whole = || bytes(text(vector.stored.as_deref().unwrap_or("/stored")).unwrap());
    let piece = |name: &str| match vector.pieces.get(name) {
        Some(pointer) => HEXLOWER.decode(text(pointer).unwrap().as_bytes()).unwrap(),
        None => bytes(text(&format!("/stored/{name}")).unwrap()),
    };
    let beside = layout.beside().iter().map(|beside| piece(beside.name()));
    let main = match layout.over() {
        Over::Cell => return whole(),
        Over::Columns => whole(),
        Over::Fields => piece(layout.fields().unwrap()[0].name()),
    };
    let mut cell = Vec::new();
    std::iter::once(main)
        .chain(beside)
        .for_each(|piece| reseal::cell::append(Some(&piece), &mut cell));
    cell
}

/// `pickle.dumps(text, protocol=4)`, as django-cryptography stores a text.
fn pickled(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let frame = [b"\x8c", &[length][..], text.as_bytes(), b"\x94."].concat();
    let frame_length = u64::try_from(frame.len()).unwrap().to_le_bytes();
    [b"\x80\x04\x95", &frame_length[..], &frame].concat()
}

/// ISO/IEC 7816-4 to a multiple of 16, as lockbox pads: bytes that a rotation does not look at.
fn padded(text: &str) -> Vec<u8> {
    let mut padded = [text.as_bytes(), b"\x80"].concat();
    padded.resize(padded.len().next_multiple_of(16), 0);
    padded
}

#[test]
fn each_opens_to_its_plaintext_and_is_written_again_byte_for_byte() {
    for case in cases() {
        let (name, layout) = (&case.name, case.layout());
        let ring = case.ring(&layout, &[]);
        let (table, column) = (&case.vector.table, &case.vector.column);
        let keys = ring.layout_keys(&layout, table, column).unwrap();
        let [candidate] = keys.candidates() else { panic!("{name}: not one key") };
        let mut buffer = DecodeBuffer::default();
        let stored = layout.decode(&case.stored, &mut buffer).unwrap_or_else(|_| panic!("{name}"));
        let derived;
        let (key, derived_nonce) = match &candidate.key {
            PreparedKey::Ready(key) => (&**key, None),
            PreparedKey::Salted(salted) => {
                derived = salted.derive(stored.salt).unwrap();
                (&derived.0, derived.1)
            }
        };
        let mut parts = stored.parts;
        let nonce = candidate.nonce.or(derived_nonce);
        if let Some(nonce) = &nonce {
            parts.nonce = nonce;
        }
        let mut aad = stored.bound.to_vec();
        if let Some(template) = layout.aad() {
            template.render(&case.row(), candidate.label.as_deref(), &mut aad).unwrap();
        }
        let mut plaintext = Plaintext::new();
        key.open(&parts, &aad, &mut plaintext).unwrap_or_else(|_| panic!("{name}"));

        let nonce = reseal::crypto::Nonce::known(parts.nonce).unwrap();
        let (mut ciphertext, mut written) = (Vec::new(), Vec::new());
        let tag = key.seal(&nonce, &aad, &plaintext, &mut ciphertext);
        let label = candidate.stored_label.as_deref().unwrap_or_default();
        let (salt, frame, nonce) = (stored.salt, stored.frame, nonce.as_bytes());
        let sealed = Sealed {
            nonce,
            ciphertext: &ciphertext,
            tag: &tag,
            salt,
            label,
            frame,
            ..Sealed::default()
        };
        layout.encode(&sealed, &mut written);
        assert_eq!(written, case.stored, "{name}");
        assert!(!layout.is_text() || written.is_ascii(), "{name}");

        if stored.is_compressed {
            plaintext.inflate().unwrap();
        }
        if stored.inner.is_none() {
            assert_eq!(plaintext.expose(), case.plaintext, "{name}");
        }
    }
}

#[test]
fn each_is_rejected_under_a_wrong_key_and_with_a_wrong_aad() {
    for case in cases() {
        let layout = case.layout();
        if layout.writable().is_err() {
            continue;
        }
        let mut scratch = Scratch::default();
        let mut read = |secret: &str, settings: &Settings| {
            let case =
                Case { secret: secret.to_owned(), ..Case::load(preset_of(&case), case.vector) };
            let layout = ColumnLayout::try_from(Layout::of(settings.clone()).unwrap()).unwrap();
            let ring = case.ring(layout.write(), &[]);
            let (table, column) = (&case.vector.table, &case.vector.column);
            let keys = ring.column_keys(&layout, table, column).unwrap();
            ValueWork::new(&keys, &layout).read(&case.stored, &case.row(), &mut scratch)
        };
        assert_eq!(read(&case.secret, &case.settings), Reading::Current, "{}", case.name);
        let wrong = read(&case.wrong_secret(), &case.settings);
        assert!(matches!(wrong, Reading::Unreadable(_)), "{}: {wrong:?}", case.name);
        let preset = Layout::presets().find(|preset| preset.name == preset_of(&case)).unwrap();
        if layout.cipher().takes_aad() && preset.settings.code.is_none() {
            let aad = Some(format!("{}x", case.settings.aad.as_deref().unwrap_or("AES256GCM")));
            let settings = Settings { aad, ..case.settings.clone() };
            let wrong = read(&case.secret, &settings);
            assert!(matches!(wrong, Reading::Unreadable(_)), "{}: {wrong:?}", case.name);
        }
    }
}

fn preset_of(case: &Case) -> &str {
    case.settings.layout.as_deref().unwrap()
}

fn resealed(work: &ValueWork<'_>, stored: &[u8], case: &Case, scratch: &mut Scratch) -> Vec<u8> {
    let Ok(Resealing::Resealed(new)) = work.reseal(stored, &case.row(), scratch) else {
        panic!("{} was not resealed", case.name)
    };
    assert_eq!(work.read(&new, &case.row(), scratch), Reading::Current, "{}", case.name);
    new
}

/// Under a new key of the same kind: what comes out opens under it, and keeps what is not the key's.
#[test]
fn each_is_resealed_under_a_new_key() {
    for case in cases() {
        let Ok(layout) = ColumnLayout::try_from(case.layout()) else { continue };
        let name = &case.name;
        let ring = case.ring(layout.write(), &[&case.wrong_secret()]);
        let (table, column) = (&case.vector.table, &case.vector.column);
        let keys = ring.column_keys(&layout, table, column).unwrap();
        assert_eq!(keys.of(0).current().unwrap().owner, Owner::Current);
        let (work, mut scratch) = (ValueWork::new(&keys, &layout), Scratch::default());
        assert_eq!(
            work.read(&case.stored, &case.row(), &mut scratch),
            Reading::Previous(0),
            "{name}"
        );
        let new = resealed(&work, &case.stored, &case, &mut scratch);
        assert_ne!(new, case.stored);
        if layout.write().cipher() == reseal::crypto::Cipher::Aes256Gcm {
            assert_eq!(new.len(), case.stored.len(), "{name}");
        }
        // an empty text is a plaintext like any other
        let empty = Nothing { empty: Empty::Encrypt, ..Nothing::default() };
        let Ok(layout) = layout.clone().with_nothing(empty) else { continue };
        resealed(&ValueWork::new(&keys, &layout), b"", &case, &mut scratch);
    }
}

#[test]
fn deterministic_values_are_told_from_others() {
    for case in cases() {
        let Ok(layout) = ColumnLayout::try_from(case.layout()) else { continue };
        let ring = case.ring(layout.write(), &[]);
        let (table, column) = (&case.vector.table, &case.vector.column);
        let keys = ring.column_keys(&layout, table, column).unwrap();
        let mut scratch = Scratch::default();
        ValueWork::new(&keys, &layout).read(&case.stored, &case.row(), &mut scratch);
        let is_named_so = case.name.contains("rails-ar-encryption-deterministic");
        assert_eq!(scratch.was_deterministic(), is_named_so, "{}", case.name);
    }
}

#[test]
fn no_vector_is_forgotten() {
    let files: BTreeSet<String> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let read = Layout::presets().flat_map(|preset| &preset.vectors).map(|v| v.file.clone());
    let unsupported = Preset::unsupported().iter().flat_map(|unsupported| &unsupported.vectors);
    assert_eq!(files, read.chain(unsupported.cloned()).collect());
}
