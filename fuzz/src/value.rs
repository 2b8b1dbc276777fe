//! Stored values: random bytes are left as they are, what is authentic is resealed, and what is to be
//! written back opens with the current key to the plaintext it had.
//!
//! Input: which layouts, which key and nonce sealed the value, its plaintext, how it was damaged.

use std::sync::LazyLock;

use reseal::crypto::{Key, KeyBytes, Nonce, Parts, Plaintext, Tag};
use reseal::keys::{ColumnKeys, KeyRing, KeySource, RingConfig};
use reseal::layout::{ColumnLayout, DecodeBuffer, Layout, RowTexts, Sealed, Settings};
use reseal::value::{Reading, Resealing, Scratch, ValueWork};

use super::bytes_of_input::Input;

/// The layout that is written, then those that are read.
const COLUMNS: [&[&str]; 8] = [
    &["go"],
    &["go-hex"],
    &["go-b64", "go-b64url"],
    &["node-hex", "node-hex-iv16", "go"],
    &["enc-v1", "go-b64", "node-hex"],
    &["{b64(tag16)}:{b64(nonce12)}:{b64(ct)}:{b64(x01)}", "{hex(tag12 nonce16)}{b64raw(ct)}"],
    &["{raw(x0a3d nonce16 ct tag16)}=", "{raw(nonce12 ct tag13)}"],
    &["{b64urlraw(ct nonce12 tag16)}", "{b64urlraw(nonce12 ct tag16)}"],
];

const AADS: [&[u8]; 3] = [b"", b"users:42", b"public.t/secret/7"];

/// The current key, the two previous ones, and one that nobody names.
const DIGITS: [&str; 4] = ["a", "b", "c", "d"];

static COLUMN_LAYOUTS: LazyLock<[ColumnLayout; 8]> = LazyLock::new(|| {
    COLUMNS.map(|names| {
        let mut layouts = names.iter().map(|name| {
            let (layout, aad) = (Some((*name).to_owned()), Some("{a}".to_owned()));
            let settings = Settings { layout, aad, ..Settings::default() };
            Layout::of(settings).expect("a template")
        });
        let write = layouts.next().expect("one to write");
        ColumnLayout::new(write, layouts.collect()).expect("they are all authenticated")
    })
});

static KEYS: LazyLock<[Key; 4]> = LazyLock::new(|| {
    DIGITS.map(|digit| {
        Key::new(KeyBytes::from_hex(digit.repeat(64).as_bytes()).expect("64 hexadecimal digits"))
    })
});

/// The first three keys, prepared for each column.
static RING: LazyLock<[ColumnKeys; 8]> = LazyLock::new(|| ring(&DIGITS[..KNOWN]));

/// How many keys are named.
const KNOWN: usize = 3;

/// Keys that seal nothing. Whoever watches comparisons, as a fuzzer does, may come to know values that
/// the other ring opens, and offer them as random bytes.
static STRANGERS: LazyLock<[ColumnKeys; 8]> = LazyLock::new(|| ring(&["e", "f"]));

fn ring(digits: &[&str]) -> [ColumnKeys; 8] {
    let directory = tempfile::tempdir().expect("a directory");
    let mut sources = digits.iter().map(|digit| {
        let path = directory.path().join(digit);
        std::fs::write(&path, digit.repeat(64)).expect("a key file");
        KeySource::File(path)
    });
    let current = sources.next().expect("a current key");
    let config = RingConfig::new("keys", current, sources.collect());
    let ring = KeyRing::load(&config).expect("different keys");
    COLUMN_LAYOUTS.each_ref().map(|layout| ring.column_keys(layout, "t", "c").expect("its keys"))
}

pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let place = input.choice(&[0, 1, 2, 3, 4, 5, 6, 7]);
    let (column, ring) = (&COLUMN_LAYOUTS[place], &RING[place]);
    let aad = input.choice(&AADS);
    if input.byte().is_multiple_of(4) {
        return is_left_alone(&STRANGERS[place], column, input.rest(), aad);
    }
    let sealed = Value::from(&mut input, column, aad);
    let aad = if input.byte() == 1 { b"another row" } else { aad };
    let stored = damaged(sealed.stored.clone(), &mut input);
    let is_known = sealed.key < KNOWN;
    if is_known && aad == sealed.aad && sealed.is_in(column, &stored) {
        is_read(ring, column, &sealed, &stored);
    } else {
        is_left_alone(ring, column, &stored, aad);
    }
}

/// A value, and what it was made of.
struct Value {
    key: usize,
    aad: &'static [u8],
    nonce: Nonce,
    ciphertext: Vec<u8>,
    tag: Tag,
    plaintext: Plaintext,
    stored: Vec<u8>,
}

impl Value {
    /// In one of the column's layouts, with a whole tag where that layout can be written.
    fn from(input: &mut Input<'_>, column: &ColumnLayout, aad: &'static [u8]) -> Self {
        let layouts: Vec<&Layout> = column.all().collect();
        let (layout, key) = (input.choice(&layouts), input.choice(&[0, 1, 2, 3]));
        let nonce: [u8; 16] = input.array();
        let nonce = Nonce::known(&nonce[..layout.nonce_length().bytes()]).expect("12 or 16 bytes");
        let (mut plaintext, mut ciphertext, mut stored) = (Plaintext::new(), vec![], vec![]);
        let length = usize::from(input.byte());
        plaintext.set(input.bytes(length));
        let tag = KEYS[key].seal(&nonce, aad, &plaintext, &mut ciphertext);
        let parts = Sealed {
            nonce: nonce.as_bytes(),
            ciphertext: &ciphertext,
            tag: &tag,
            ..Sealed::default()
        };
        layout.encode(&parts, &mut stored);
        Self { key, aad, nonce, ciphertext, tag, plaintext, stored }
    }

    /// Whether one of the layouts finds the parts it was made of, unchanged.
    fn is_in(&self, column: &ColumnLayout, stored: &[u8]) -> bool {
        let mut buffer = DecodeBuffer::default();
        column.all().any(|layout| {
            let Ok(found) = layout.decode(stored, &mut buffer) else { return false };
            let Parts { nonce, ciphertext, tag } = found.parts;
            nonce == self.nonce.as_bytes()
                && ciphertext == self.ciphertext
                && self.tag.starts_with(tag)
        })
    }
}

/// Bytes put in the place of others, inserted, taken out, and cut off.
fn damaged(mut stored: Vec<u8>, input: &mut Input<'_>) -> Vec<u8> {
    for _ in 0..input.byte() % 4 {
        let (place, kind, byte) = (input.byte(), input.byte(), input.byte());
        let place = usize::from(place) % stored.len().max(1);
        match kind % 4 {
            0 => stored.insert(place, byte),
            1 => stored.truncate(place),
            _ if stored.is_empty() => {}
            2 => drop(stored.remove(place)),
            _ => stored[place] ^= byte,
        }
    }
    stored
}

/// No key opens it, and nothing is to be written. The empty string is no value.
fn is_left_alone(ring: &ColumnKeys, column: &ColumnLayout, stored: &[u8], aad: &[u8]) {
    let (work, mut scratch) = (ValueWork::new(ring, column), Scratch::default());
    let texts = [Some(aad)];
    let expected = match work.read(stored, &row(&texts), &mut scratch) {
        Reading::Left if stored.is_empty() => Resealing::Left,
        Reading::Unreadable(reason) if !stored.is_empty() => Resealing::Failed(reason),
        reading => panic!("read as {reading:?}"),
    };
    let outcome = work.reseal(stored, &row(&texts), &mut scratch);
    assert_eq!(outcome, Ok(expected));
}

/// The key is found, and what is written instead opens with the current key to the same plaintext.
fn is_read(ring: &ColumnKeys, column: &ColumnLayout, sealed: &Value, stored: &[u8]) {
    let (work, mut scratch) = (ValueWork::new(ring, column), Scratch::default());
    let texts = [Some(sealed.aad)];
    let aad = &row(&texts);
    let reading = work.read(stored, aad, &mut scratch);
    let outcome = work.reseal(stored, aad, &mut scratch).expect("random bytes");
    match (sealed.key, reading) {
        (0, Reading::Current) => return assert_eq!(outcome, Resealing::AlreadyCurrent),
        (0, Reading::OtherLayout) => {}
        (key, Reading::Previous(place)) => assert_eq!(key, place + 1),
        (key, reading) => panic!("sealed with key {key}, read as {reading:?}"),
    }
    let Resealing::Resealed(resealed) = outcome else { panic!("{outcome:?}") };
    assert_ne!(resealed, stored);
    assert_eq!(work.read(&resealed, aad, &mut scratch), Reading::Current);
    let (mut buffer, mut plaintext) = (DecodeBuffer::default(), Plaintext::new());
    let read = column.write().decode(&resealed, &mut buffer).expect("the layout that is written");
    KEYS[0].open(&read.parts, sealed.aad, &mut plaintext).expect("the current key opens it");
    assert_eq!(plaintext.expose(), sealed.plaintext.expose());
}

/// The row that gives a value its additional data.
fn row<'a>(texts: &'a [Option<&'a [u8]>]) -> RowTexts<'a> {
    RowTexts { table: "t", column: "c", texts, places: &[0] }
}
