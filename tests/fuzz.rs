//! Bad input of every kind: what the fuzz targets hold to be true of any bytes, on the inputs that
//! fuzzing kept, on damaged ones, and on random ones. (How to fuzz for longer: `fuzz/README.md`.)

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

type Check = fn(&[u8]);

/// Inputs made of each kept one.
const CASES: u32 = 1_000;

/// What fuzzing kept because it led somewhere new, or because something once broke on it.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let read = |folder: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target);
        let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
        paths.sort_by_key(fs::DirEntry::path);
        paths.into_iter().map(|entry| fs::read(entry.path()).expect("an input"))
    };
    read("corpus").chain(read("regressions")).collect()
}

/// A kept input, some bytes of it changed, put in, or taken from another one; or random bytes.
fn damaged(kept: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let one = prop::sample::select(kept);
    let edit = (any::<Index>(), any::<u8>(), 0..5);
    let edited = (one.clone(), one, vec(edit, 1..6)).prop_map(|(mut input, other, edits)| {
        for (place, byte, kind) in edits {
            let at = place.index(input.len() + 1);
            match kind {
                0 => input.insert(at, byte),
                1 => input.truncate(at),
                2 => input.extend_from_slice(&other[place.index(other.len() + 1)..]),
                3 => drop(input.splice(at.., other.iter().copied().skip(at))),
                _ => input.iter_mut().skip(at).take(1).for_each(|old| *old ^= byte),
            }
        }
        input
    });
    prop_oneof![3 => edited, 1 => vec(any::<u8>(), 0..300)]
}

fn holds(target: &str, check: Check) {
    let kept = kept(target);
    assert!(kept.len() > 5, "the corpus of {target} is gone");
    for input in &kept {
        check(input);
    }
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..Default::default() };
    proptest!(config, |(input in damaged(kept))| check(&input));
}

#[test]
fn aad_templates() {
    holds("aad", targets::aad::check);
}

#[test]
fn command_lines() {
    holds("command", targets::command::check);
}

#[test]
fn configurations() {
    holds("configuration", targets::configuration::check);
}

#[test]
fn connection_words() {
    holds("connection", targets::connection::check);
}

#[test]
fn documents() {
    holds("document", targets::document::check);
}

#[test]
fn layout_templates() {
    holds("layout", targets::layout::check);
}

#[test]
fn row_keys_and_names() {
    holds("row_key", targets::row_key::check);
}

#[test]
fn stored_values() {
    holds("value", targets::value::check);
}
