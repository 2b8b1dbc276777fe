//! What resealing one value costs on one core: a trial with the current key that fails, one with the
//! previous key that opens, a seal, the encoding, and the re-open check.
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
use reseal::keys::{KeyRing, KeySource, RingConfig};
use reseal::layout::{ColumnLayout, Layout, RowTexts, Sealed};
use reseal::value::{Reading, Resealing, Scratch, ValueWork};

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
