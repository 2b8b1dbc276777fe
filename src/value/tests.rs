//! Every outcome of reading and resealing one value.

use super::*;
use crate::crypto::{Key, KeyBytes};
use crate::keys::{KeyRing, KeySource, RingConfig};
use crate::layout::{Sealed, Settings};

mod documents;
mod layouts;

const SECRET: &[u8] = b"Gr\xc3\xbc\xc3\x9fe, 4111-1111-1111-1111";

/// A row with the id 42.
const ROW: RowTexts<'static> =
    RowTexts { table: "users", column: "email", texts: &[Some(b"42")], places: &[0] };
const NULL: RowTexts<'static> = RowTexts { texts: &[None], ..ROW };
const OTHER: RowTexts<'static> = RowTexts { texts: &[Some(b"43")], ..ROW };

/// A ring over keys made of one digit each, the first being the current one.
fn ring(digits: &str) -> KeyRing {
    let directory = tempfile::TempDir::new().unwrap();
    let mut sources = digits.chars().map(|digit| {
        let path = directory.path().join(digit.to_string());
        std::fs::write(&path, digit.to_string().repeat(64)).unwrap();
        KeySource::File(path)
    });
    let current = sources.next().unwrap();
    let config = RingConfig::new("keys", current, sources.collect());
    KeyRing::load(&config).unwrap()
}

/// Presets or templates, all bound to the row.
fn layout(write: &str, read: &[&str]) -> ColumnLayout {
    let bound = |name: &str| {
        let (layout, aad) = (Some(name.to_owned()), Some("users:{id}".to_owned()));
        Layout::of(Settings { layout, aad, ..Settings::default() }).unwrap()
    };
    ColumnLayout::new(bound(write), read.iter().map(|name| bound(name)).collect()).unwrap()
}

/// What an application with this key and layout stores.
fn stored(digit: char, layout: &str, aad: &[u8]) -> Vec<u8> {
    let key = Key::new(KeyBytes::from_hex(digit.to_string().repeat(64).as_bytes()).unwrap());
    let layout = Layout::named(layout).unwrap();
    let nonce = NonceSource::new().next(layout.nonce_length()).unwrap();
    let (mut plaintext, mut ciphertext) = (Plaintext::new(), Vec::new());
    plaintext.set(SECRET);
    let tag = key.seal(&nonce, aad, &plaintext, &mut ciphertext);
    let mut stored = Vec::new();
    let (nonce, ciphertext) = (nonce.as_bytes(), &ciphertext[..]);
    layout.encode(&Sealed { nonce, ciphertext, tag: &tag, ..Sealed::default() }, &mut stored);
    stored
}

fn resealed(work: &ValueWork<'_>, stored: &[u8], scratch: &mut Scratch) -> Vec<u8> {
    match work.reseal(stored, &ROW, scratch).unwrap() {
        Resealing::Resealed(resealed) => resealed,
        other => panic!("{other:?}"),
    }
}

/// The presets that are AES-256-GCM under the key itself.
const PLAIN: [&str; 8] =
    ["go", "go-hex", "go-b64", "go-b64url", "node-hex", "node-hex-iv16", "enc-v1", "langfuse"];

#[test]
fn each_previous_key_is_found_and_replaced() {
    let (ring, mut scratch) = (ring("abc"), Scratch::default());
    for preset in PLAIN {
        let layout = layout(preset, &[]);
        let keys = ring.column_keys(&layout, "users", "email").unwrap();
        let work = ValueWork::new(&keys, &layout);
        for (place, digit) in ['b', 'c'].into_iter().enumerate() {
            let old = stored(digit, preset, b"users:42");
            assert_eq!(work.read(&old, &ROW, &mut scratch), Reading::Previous(place));
            let new = resealed(&work, &old, &mut scratch);
            assert_eq!((new.len(), new.capacity()), (old.len(), old.len()));
            assert_ne!(new, resealed(&work, &old, &mut scratch), "a nonce was used again");
            assert_eq!(work.read(&new, &ROW, &mut scratch), Reading::Current);
            assert_eq!(work.reseal(&new, &ROW, &mut scratch), Ok(Resealing::AlreadyCurrent));

            let mut plaintext = Plaintext::new();
            let mut buffer = crate::layout::DecodeBuffer::default();
            let parts = layout.write().decode(&new, &mut buffer).unwrap().parts;
            let key = Key::new(KeyBytes::from_hex("a".repeat(64).as_bytes()).unwrap());
            key.open(&parts, b"users:42", &mut plaintext).unwrap();
            assert_eq!(plaintext.expose(), SECRET);
        }
    }
}

#[test]
fn other_layouts_are_brought_to_the_one_that_is_written() {
    let (ring, mut scratch) = (ring("ab"), Scratch::default());
    let layout = layout("enc-v1", &["node-hex", "go-b64"]);
    let keys = ring.column_keys(&layout, "users", "email").unwrap();
    let work = ValueWork::new(&keys, &layout);
    for (digit, reading) in [('a', Reading::OtherLayout), ('b', Reading::Previous(0))] {
        for name in ["node-hex", "go-b64"] {
            let old = stored(digit, name, b"users:42");
            assert_eq!(work.read(&old, &ROW, &mut scratch), reading);
            let new = resealed(&work, &old, &mut scratch);
            assert!(new.starts_with(b"enc:v1:"));
            assert_eq!(work.read(&new, &ROW, &mut scratch), Reading::Current);
        }
    }
}

#[test]
fn a_value_written_loosely_is_current_all_the_same() {
    let (ring, layout) = (ring("ab"), layout("node-hex", &[]));
    let loose = stored('a', "node-hex", b"users:42").to_ascii_uppercase();
    let keys = ring.column_keys(&layout, "users", "email").unwrap();
    let work = ValueWork::new(&keys, &layout);
    let outcome = work.reseal(&loose, &ROW, &mut Scratch::default());
    assert_eq!(outcome, Ok(Resealing::AlreadyCurrent));
}

#[test]
fn failures_say_why() {
    let (ring, mut scratch) = (ring("ab"), Scratch::default());
    let layout = layout("node-hex", &["go-hex"]);
    let keys = ring.column_keys(&layout, "users", "email").unwrap();
    let work = ValueWork::new(&keys, &layout);
    let ours = stored('b', "node-hex", b"users:42");
    let mut torn = ours.clone();
    torn.truncate(40);
    for (stored, row, reason) in [
        (&ours, NULL, Reason::AadMissing),
        (&ours, OTHER, Reason::NoKeyOpensIt),
        (&stored('c', "node-hex", b"users:42"), ROW, Reason::NoKeyOpensIt),
        (&stored('c', "go-hex", b"users:42"), ROW, Reason::NoKeyOpensIt),
        (&torn, ROW, Reason::Malformed),
        (&b"plain text".to_vec(), ROW, Reason::Malformed),
    ] {
        assert_eq!(work.read(stored, &row, &mut scratch), Reading::Unreadable(reason));
        assert_eq!(work.reseal(stored, &row, &mut scratch), Ok(Resealing::Failed(reason)));
        assert!(scratch.plaintext.is_empty());
    }
}

#[test]
fn no_plaintext_stays_behind() {
    let (ring, layout) = (ring("ab"), layout("go", &[]));
    let keys = ring.column_keys(&layout, "users", "email").unwrap();
    let (work, mut scratch) = (ValueWork::new(&keys, &layout), Scratch::default());
    for digit in ['a', 'b'] {
        let value = stored(digit, "go", b"users:42");
        work.read(&value, &ROW, &mut scratch);
        assert!(scratch.plaintext.is_empty() && scratch.reopened.is_empty());
        work.reseal(&value, &ROW, &mut scratch).unwrap();
        assert!(scratch.plaintext.is_empty() && scratch.reopened.is_empty());
    }
}

#[test]
fn only_the_same_plaintext_under_the_current_key_reads_back() {
    let (ring, layout) = (ring("ab"), layout("go", &[]));
    let keys = ring.column_keys(&layout, "users", "email").unwrap();
    let (work, mut scratch) = (ValueWork::new(&keys, &layout), Scratch::default());
    scratch.plaintext.set(SECRET);
    let good = stored('a', "go", b"users:42");
    assert!(work.reads_back(&good, &ROW, &mut scratch));
    assert!(!work.reads_back(&good, &OTHER, &mut scratch));
    assert!(!work.reads_back(&good[1..], &ROW, &mut scratch));
    assert!(!work.reads_back(b"", &ROW, &mut scratch));
    assert!(!work.reads_back(&stored('b', "go", b"users:42"), &ROW, &mut scratch));
    scratch.plaintext.set(b"something else");
    assert!(!work.reads_back(&good, &ROW, &mut scratch));
}

#[test]
fn reasons_are_the_words_of_the_ledger() {
    let words = Reason::ALL.map(Reason::as_str);
    assert_eq!(
        words,
        [
            "no_key_opens_it",
            "malformed",
            "missing",
            "implausible",
            "aad_missing",
            "write_refused",
            "too_large"
        ]
    );
}
