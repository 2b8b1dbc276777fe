//! Every outcome of reading and resealing one value.

use super::*;
use crate::crypto::KeyBytes;
use crate::keys::{KeySource, RingConfig};
use crate::layout::AadTemplate;

const SECRET: &[u8] = b"Gr\xc3\xbc\xc3\x9fe, 4111-1111-1111-1111";
const AAD: Aad<'static> = Aad::Rendered(b"users:42");

/// A ring over keys made of one digit each, the first being the current one.
fn ring(digits: &str) -> KeyRing {
    let directory = tempfile::TempDir::new().unwrap();
    let mut sources = digits.chars().map(|digit| {
        let path = directory.path().join(digit.to_string());
        std::fs::write(&path, digit.to_string().repeat(64)).unwrap();
        KeySource::File(path)
    });
    let current = sources.next().unwrap();
    let config = RingConfig { name: "keys".to_owned(), current, previous: sources.collect() };
    KeyRing::load(&config).unwrap()
}

fn layout(write: &str, read: &[&str]) -> ColumnLayout {
    let named = |name: &&str| Layout::named(name).unwrap();
    ColumnLayout { write: named(&write), read: read.iter().map(named).collect(), aad: None }
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
    layout.encode(&nonce, &ciphertext, &tag, &mut stored);
    stored
}

fn resealed(work: &ValueWork<'_>, stored: &[u8], scratch: &mut Scratch) -> Vec<u8> {
    match work.reseal(stored, AAD, scratch).unwrap() {
        Resealing::Resealed(resealed) => resealed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_previous_key_is_found_and_replaced() {
    let (ring, mut scratch) = (ring("abc"), Scratch::default());
    for preset in Layout::presets() {
        let layout = layout(preset.name, &[]);
        let work = ValueWork::new(&ring, &layout);
        for (place, digit) in ['b', 'c'].into_iter().enumerate() {
            let old = stored(digit, preset.name, b"users:42");
            assert_eq!(work.read(&old, AAD, &mut scratch), Reading::Previous(place));
            let new = resealed(&work, &old, &mut scratch);
            assert_eq!((new.len(), new.capacity()), (old.len(), old.len()));
            assert_ne!(new, resealed(&work, &old, &mut scratch), "a nonce was used again");
            assert_eq!(work.read(&new, AAD, &mut scratch), Reading::Current);
            assert_eq!(work.reseal(&new, AAD, &mut scratch), Ok(Resealing::AlreadyCurrent));

            let mut plaintext = Plaintext::new();
            let parts = layout.write.decode(&new, &mut scratch.decoded).unwrap();
            ring.current().open(&parts, b"users:42", &mut plaintext).unwrap();
            assert_eq!(plaintext.expose(), SECRET);
        }
    }
}

#[test]
fn other_layouts_are_brought_to_the_one_that_is_written() {
    let (ring, mut scratch) = (ring("ab"), Scratch::default());
    let layout = layout("enc-v1", &["node-hex", "go-b64"]);
    let work = ValueWork::new(&ring, &layout);
    for (digit, reading) in [('a', Reading::OtherLayout), ('b', Reading::Previous(0))] {
        for name in ["node-hex", "go-b64"] {
            let old = stored(digit, name, b"users:42");
            assert_eq!(work.read(&old, AAD, &mut scratch), reading);
            let new = resealed(&work, &old, &mut scratch);
            assert!(new.starts_with(b"enc:v1:"));
            assert_eq!(work.read(&new, AAD, &mut scratch), Reading::Current);
        }
    }
}

#[test]
fn a_value_written_loosely_is_current_all_the_same() {
    let (ring, layout) = (ring("ab"), layout("node-hex", &[]));
    let loose = stored('a', "node-hex", b"users:42").to_ascii_uppercase();
    let work = ValueWork::new(&ring, &layout);
    let outcome = work.reseal(&loose, AAD, &mut Scratch::default());
    assert_eq!(outcome, Ok(Resealing::AlreadyCurrent));
}

#[test]
fn failures_say_why() {
    let (ring, mut scratch) = (ring("ab"), Scratch::default());
    let mut layout = layout("node-hex", &["go-hex"]);
    layout.aad = Some(AadTemplate::parse("users:{id}").unwrap());
    let work = ValueWork::new(&ring, &layout);
    let ours = stored('b', "node-hex", b"users:42");
    let mut torn = ours.clone();
    torn.truncate(40);
    for (stored, aad, reason) in [
        (&ours, Aad::Missing, Reason::AadMissing),
        (&ours, Aad::NONE, Reason::NoKeyOpensIt),
        (&stored('c', "node-hex", b"users:42"), AAD, Reason::NoKeyOpensIt),
        (&stored('c', "go-hex", b"users:42"), AAD, Reason::NoKeyOpensIt),
        (&torn, AAD, Reason::Malformed),
        (&b"plain text".to_vec(), AAD, Reason::Malformed),
    ] {
        assert_eq!(work.read(stored, aad, &mut scratch), Reading::Unreadable(reason));
        assert_eq!(work.reseal(stored, aad, &mut scratch), Ok(Resealing::Failed(reason)));
        assert!(scratch.plaintext.is_empty());
    }
}

#[test]
fn no_plaintext_stays_behind() {
    let (ring, layout) = (ring("ab"), layout("go", &[]));
    let (work, mut scratch) = (ValueWork::new(&ring, &layout), Scratch::default());
    for digit in ['a', 'b'] {
        let value = stored(digit, "go", b"users:42");
        work.read(&value, AAD, &mut scratch);
        assert!(scratch.plaintext.is_empty() && scratch.reopened.is_empty());
        work.reseal(&value, AAD, &mut scratch).unwrap();
        assert!(scratch.plaintext.is_empty() && scratch.reopened.is_empty());
    }
}

#[test]
fn only_the_same_plaintext_under_the_current_key_reads_back() {
    let (ring, layout) = (ring("ab"), layout("go", &[]));
    let (work, mut scratch) = (ValueWork::new(&ring, &layout), Scratch::default());
    scratch.plaintext.set(SECRET);
    let good = stored('a', "go", b"users:42");
    assert!(work.reads_back(&good, b"users:42", &mut scratch));
    assert!(!work.reads_back(&good, b"users:43", &mut scratch));
    assert!(!work.reads_back(&good[1..], b"users:42", &mut scratch));
    assert!(!work.reads_back(b"", b"users:42", &mut scratch));
    assert!(!work.reads_back(&stored('b', "go", b"users:42"), b"users:42", &mut scratch));
    scratch.plaintext.set(b"something else");
    assert!(!work.reads_back(&good, b"users:42", &mut scratch));
}

#[test]
fn reasons_are_the_words_of_the_ledger() {
    let words = Reason::ALL.map(Reason::as_str);
    assert_eq!(
        words,
        [
            "no_key_opens_it",
            "malformed",
            "implausible",
            "aad_missing",
            "write_refused",
            "too_large"
        ]
    );
}
