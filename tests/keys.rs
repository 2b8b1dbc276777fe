//! Keys from the environment. A variable belongs to a whole process, so each case runs in its own.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails may say so by a panic")]

use std::process::Command;

use reseal::keys::{KeyRing, KeySource, RingConfig};

/// Started by the other tests only: loads the ring and prints what came of it.
#[test]
#[ignore = "runs as the child of the other tests"]
fn child() {
    let source = |name: &str| KeySource::Env(name.to_owned());
    let previous = vec![source("RESEAL_TEST_OLD"), source("RESEAL_TEST_OLDER")];
    let config = RingConfig::new("keys", source("RESEAL_TEST_NEW"), previous);
    match KeyRing::load(&config) {
        Ok(ring) => println!("loaded {} previous keys;", ring.previous().len()),
        Err(error) => println!("{error};"),
    }
}

/// What the child prints with these variables.
fn load(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "child", "--nocapture", "--test-threads=1"]);
    for name in ["NEW", "OLD", "OLDER"] {
        command.env_remove(format!("RESEAL_TEST_{name}"));
    }
    for (name, value) in variables {
        command.env(format!("RESEAL_TEST_{name}"), value);
    }
    let output = command.output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn hex(digit: &str) -> String {
    digit.repeat(64)
}

#[test]
fn previous_variables_may_be_absent_empty_or_hold_several() {
    let (a, b, c) = (hex("a"), hex("b"), hex("c"));
    let several = format!("{b},{c}\n");
    for (variables, loaded) in [
        (vec![("NEW", a.as_str())], 0),
        (vec![("NEW", &a), ("OLD", "")], 0),
        (vec![("NEW", &a), ("OLDER", &b)], 1),
        (vec![("NEW", &a), ("OLD", &several)], 2),
        (vec![("NEW", &a), ("OLD", &c), ("OLDER", &b)], 2),
    ] {
        let said = load(&variables);
        assert!(said.contains(&format!("loaded {loaded} previous keys;")), "{said}");
    }
}

#[test]
fn refusals_name_the_variable_and_never_its_content() {
    let (a, b) = (hex("a"), hex("b"));
    let spaced = format!("{b}, {}", hex("c"));
    let swapped = format!("{b},{a}");
    let trailing = format!("{b},");
    for (variables, what, place) in [
        (vec![], "the environment variable is not set, or empty", "env:RESEAL_TEST_NEW"),
        (vec![("NEW", "")], "the environment variable is not set, or empty", "env:RESEAL_TEST_NEW"),
        (vec![("NEW", "abc")], "the key is 3 characters long, not 64", "env:RESEAL_TEST_NEW"),
        (
            vec![("NEW", swapped.as_str())],
            "several keys where one current key is expected",
            "env:RESEAL_TEST_NEW",
        ),
        (
            vec![("NEW", &a), ("OLD", &spaced)],
            "the key is 65 characters long, not 64",
            "env:RESEAL_TEST_OLD, key 2",
        ),
        (vec![("NEW", &a), ("OLD", &trailing)], "the key is empty", "env:RESEAL_TEST_OLD, key 2"),
        (
            vec![("NEW", &a), ("OLDER", &swapped)],
            "a previous key is the current key",
            "env:RESEAL_TEST_OLDER, key 2, and env:RESEAL_TEST_NEW",
        ),
        (
            vec![("NEW", &a), ("OLD", &b), ("OLDER", &b)],
            "the same previous key twice",
            "env:RESEAL_TEST_OLDER, and env:RESEAL_TEST_OLD",
        ),
    ] {
        let said = load(&variables);
        assert!(said.contains(&format!("{what}\n  where: {place}\n")), "{said}");
        assert!(!said.contains(&a[..32]) && !said.contains(&b[..32]), "{said}");
    }
}
