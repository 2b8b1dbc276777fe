//! Rings over files. (Environment variables belong to a whole process: `tests/keys.rs`.)

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::crypto::{Key, KeyBytes};

/// A well-formed key made of one digit.
fn hex(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn id(digit: char) -> String {
    Key::new(KeyBytes::from_hex(hex(digit).as_bytes()).unwrap()).id().to_string()
}

/// Files `current` and `previous-N` with these contents, and the ring over them.
fn ring(current: &str, previous: &[&str]) -> (TempDir, RingConfig) {
    let directory = TempDir::new().unwrap();
    let write = |name: String, content: &str| -> KeySource {
        let path: PathBuf = directory.path().join(name);
        fs::write(&path, content).unwrap();
        KeySource::File(path)
    };
    let sources = previous
        .iter()
        .enumerate()
        .map(|(place, content)| write(format!("previous-{}", place + 1), content));
    let config = RingConfig::new("keys", write("current".to_owned(), current), sources.collect());
    (directory, config)
}

/// The refusal, with the directory taken out of its place.
fn refusal(current: &str, previous: &[&str]) -> (String, String) {
    let (directory, config) = ring(current, previous);
    let error = KeyRing::load(&config).unwrap_err();
    let text = format!("{error:?}{error}");
    for digit in ['a', 'b', 'c'] {
        assert!(!text.contains(&hex(digit)[..32]), "a key in {text}");
    }
    assert_eq!(error.exit_code, crate::error::ExitCode::Usage);
    let place = error.place.unwrap_or_default();
    (error.what, place.replace(&format!("{}/", directory.path().display()), ""))
}

#[test]
fn keys_in_their_order() {
    let [a, b, c, d] = ['a', 'b', 'c', 'd'].map(hex);
    let (_directory, config) = ring(&format!("{a}\n"), &[&format!("{b}\r\n{c}\r\n"), &d]);
    let ring = KeyRing::load(&config).unwrap();
    assert_eq!(ring.current().id().to_string(), id('a'));
    let previous: Vec<String> = ring.previous().iter().map(|key| key.id().to_string()).collect();
    assert_eq!(previous, ['b', 'c', 'd'].map(id));
    let shown = format!("{ring:?}");
    assert!(shown.contains(&id('a')) && !shown.contains(&a), "{shown}");
}

#[test]
fn current_only_leaves_the_others_unread() {
    let (_directory, mut config) = ring(&hex('a'), &["not a key"]);
    config.previous.push(KeySource::File(PathBuf::from("/nonexistent")).into());
    let ring = KeyRing::load_current_only_with(&config, &UnwrappedKeys::default()).unwrap();
    assert!(ring.previous().is_empty());
    assert_eq!(ring.current().id().to_string(), id('a'));
}

#[test]
fn malformed_keys_are_refused_by_source_and_position() {
    let [a, b, c] = ['a', 'b', 'c'].map(hex);
    let refused = |what: &str, at: &str| (what.to_owned(), at.to_owned());
    assert_eq!(refusal("", &[]), refused("the key is empty", "file:current"));
    assert_eq!(
        refusal(&format!("{a}\n\n"), &[]),
        refused("the key is empty", "file:current, key 2")
    );
    assert_eq!(
        refusal(&format!(" {a}"), &[]),
        refused("the key is 65 characters long, not 64", "file:current")
    );
    assert_eq!(
        refusal(&a, &[&b, &format!("{c}\n{}", b.replacen('b', "x", 1))]),
        refused("character 1 of the key is not hexadecimal", "file:previous-2, key 2")
    );
    assert_eq!(refusal(&a, &[""]), refused("the key is empty", "file:previous-1"));
    assert_eq!(
        refusal(&format!("{a}\n{b}\n"), &[]),
        refused("several keys where one current key is expected", "file:current")
    );
}

#[test]
fn repeated_keys_are_refused() {
    let [a, b, c] = ['a', 'b', 'c'].map(hex);
    assert_eq!(
        refusal(&a, &[&format!("{b}\n{}", a.to_uppercase())]),
        (
            "a previous key is the current key".to_owned(),
            "file:previous-1, key 2, and file:current".to_owned()
        )
    );
    assert_eq!(
        refusal(&a, &[&format!("{b}\n{c}"), &b]),
        (
            "the same previous key twice".to_owned(),
            "file:previous-2, and file:previous-1, key 1".to_owned()
        )
    );
}

#[test]
fn files_that_cannot_be_read() {
    let (_directory, mut config) = ring(&hex('a'), &[]);
    config.previous = vec![KeySource::File(PathBuf::from("/nonexistent/key")).into()];
    let error = KeyRing::load(&config).unwrap_err();
    assert_eq!(error.what, "cannot read the key file: there is no such file");
    assert_eq!(error.place.unwrap(), "file:/nonexistent/key");
    let (what, _) = refusal(&"a".repeat(70_000), &[]);
    assert_eq!(what, "the key file is larger than 65536 bytes");
}

#[test]
fn another_ring_is_named() {
    let (_directory, mut config) = ring("", &[]);
    config.name = "billing".to_owned();
    let error = KeyRing::load(&config).unwrap_err();
    assert!(error.place.unwrap().ends_with("/current (key ring `billing`)"));
}

#[test]
fn sources_as_they_are_written() {
    for text in ["env:NEW_KEY", "file:/etc/reseal/key", "file:relative:odd"] {
        assert_eq!(text.parse::<KeySource>().unwrap().to_string(), text);
    }
    let (as_name, as_path) = (format!("env:{}", hex('a')), format!("file:{}", hex('A')));
    let two = format!("env:{},{}", "KEY", hex('b'));
    for text in
        ["", "env:", "file:", "NEW_KEY", "env:A=B", "kms:x", &hex('a'), &as_name, &as_path, &two]
    {
        let refused = text.parse::<KeySource>().unwrap_err();
        assert_eq!(refused.to_string(), "a key source is `env:NAME` or `file:PATH`");
    }
}
