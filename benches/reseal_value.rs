//! What resealing one value costs on one core: a trial with the current key that fails, one with the
//! previous key that opens, a seal, the encoding, and the re-open check.
//!
//! And what it costs when values are strings in JSON documents: these are read, searched, spliced and read again.
//!
//! `cargo bench --bench reseal_value` prints nanoseconds a value.
#![allow(
    clippy::print_stdout,
    clippy::panic,
    reason = "a bench prints its figures and stops at the first surprise"
)]

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use reseal::crypto::{Key, KeyBytes, NonceSource, Plaintext};
use reseal::document::Selection;
use reseal::keys::{KeyRing, KeySource, RingConfig};
use reseal::layout::{ColumnLayout, Layout, RowTexts, Sealed};
use reseal::value::{AadSource, ColumnWork, Reading, Resealing, Scratch, ValueWork};

/// Each number is the best of so many rounds: the machine may be doing other things.
const ROUNDS: usize = 20;
const ROUND: Duration = Duration::from_millis(50);

fn main() {
    let directory = tempfile::TempDir::new().expect("a directory for the key files");
    let source = |name: &str, key: &KeyBytes| {
        let path = directory.path().join(name);
        fs::write(&path, key.to_hex().as_bytes()).expect("a key file");
        KeySource::File(path)
    };
    let [new, old] = [(); 2].map(|()| KeyBytes::generate().expect("random bytes"));
    let ring = RingConfig::new("keys", source("new", &new), vec![source("old", &old)]);
    let (ring, old) = (KeyRing::load(&ring).expect("a key ring"), Key::new(old));

    println!(
        "{:<14} {:>9} {:>12} {:>12} {:>9}",
        "layout", "bytes", "reseal ns", "verify ns", "MB/s"
    );
    for name in ["go", "go-hex", "enc-v1", "node-hex-iv16"] {
        for bytes in [128, 4 * 1024, 1024 * 1024] {
            let write = Layout::named(name).expect("a preset");
            let layout = ColumnLayout::try_from(write).expect("a layout to write");
            let keys = ring.column_keys(&layout, "t", "secret").expect("its keys");
            let (work, row) = (ValueWork::new(&keys, &layout), RowTexts::default());
            let mut scratch = Scratch::default();
            let stored = sealed(&old, layout.write(), bytes);
            let current = match work.reseal(&stored, &row, &mut scratch) {
                Ok(Resealing::Resealed(current)) => current,
                other => panic!("{other:?}"),
            };
            let reseal = nanoseconds(|| {
                drop(black_box(work.reseal(black_box(&stored), &row, &mut scratch)));
            });
            let verify = nanoseconds(|| {
                let reading = work.read(black_box(&current), &row, &mut scratch);
                assert_eq!(reading, Reading::Current);
            });
            let speed = bytes as f64 * 1000.0 / reseal;
            println!("{name:<14} {bytes:>9} {reseal:>12.0} {verify:>12.0} {speed:>9.0}");
        }
    }
    documents(&ring, &old);
}

/// Bytes of plaintext of each value in a document.
const IN_DOCUMENT_BYTES: usize = 128;

/// Values of 128 bytes in documents of some values and some plain members, named by paths or met by `**`.
fn documents(ring: &KeyRing, old: &Key) {
    println!(
        "\n{:<14} {:>9} {:>9} {:>9} {:>12} {:>12}",
        "in JSON", "values", "plain", "bytes", "reseal ns", "verify ns"
    );
    let write = Layout::named("enc-v1").expect("a preset");
    let layout = ColumnLayout::try_from(write).expect("a layout to write");
    let keys = ring.column_keys(&layout, "t", "document").expect("its keys");
    let source = AadSource { table: "t", column: "document", places: &[] };
    for path in ["$.values[*]", "$.**"] {
        let paths = Selection::parse(&[path]).expect("a path");
        let column = ColumnWork::new(&keys, &layout, source).in_documents(Some(&paths));
        let work = column.documents().expect("it has paths");
        for (values, plain) in [(1, 0), (1, 20), (20, 20), (1, 1_000)] {
            let mut scratch = Scratch::default();
            let document = document(old, layout.write(), values, plain);
            let mut resealed = || work.reseal(Some(&document), &[], &mut scratch);
            let current = match resealed() {
                Ok(Ok(document)) => document.replacement.expect("its values are resealed"),
                other => panic!("{other:?}"),
            };
            let reseal = nanoseconds(|| drop(black_box(resealed())));
            let verify = nanoseconds(|| {
                let read = work.read(Some(&current), &[], &mut scratch).expect("a document");
                assert_eq!(read.len(), values);
            });
            let [reseal, verify] = [reseal, verify].map(|whole| whole / values as f64);
            let bytes = document.len();
            println!("{path:<14} {values:>9} {plain:>9} {bytes:>9} {reseal:>12.0} {verify:>12.0}");
        }
    }
}

fn document(key: &Key, layout: &Layout, values: usize, plain: usize) -> Vec<u8> {
    let sealed = || sealed(key, layout, IN_DOCUMENT_BYTES);
    let text = |_| String::from_utf8(sealed()).expect("a layout that is text");
    let values: Vec<String> = (0..values).map(text).collect();
    let plain: Vec<String> = (0..plain).map(|n| format!("plain text number {n}")).collect();
    serde_json::json!({ "plain": plain, "values": values }).to_string().into_bytes()
}

/// A value of so many bytes of plaintext.
fn sealed(key: &Key, layout: &Layout, bytes: usize) -> Vec<u8> {
    let nonce = NonceSource::new().next(layout.nonce_length()).expect("random bytes");
    let (mut plaintext, mut ciphertext, mut stored) = (Plaintext::new(), Vec::new(), Vec::new());
    plaintext.set(&vec![b'x'; bytes]);
    let tag = key.seal(&nonce, b"", &plaintext, &mut ciphertext);
    let (nonce, ciphertext) = (nonce.as_bytes(), &ciphertext[..]);
    layout.encode(&Sealed { nonce, ciphertext, tag: &tag, ..Sealed::default() }, &mut stored);
    stored
}

/// Nanoseconds that one call takes, the best of all rounds.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    let mut round = || {
        let (start, mut calls) = (Instant::now(), 0_u32);
        while start.elapsed() < ROUND {
            (0..8).for_each(|_| work());
            calls += 8;
        }
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}
