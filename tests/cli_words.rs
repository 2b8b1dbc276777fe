//! The program as a user meets it: what it prints, where, and its exit codes.

use std::process::{Command, Output};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const PREVIOUS: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

/// Runs `reseal ARGUMENTS` in an empty directory, with these variables and no others.
fn reseal(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().expect("a temporary directory");
    Command::new(env!("CARGO_BIN_EXE_reseal"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(directory.path())
        .output()
        .expect("the program to start")
}

fn exit_code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("text on stdout")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("text on stderr")
}

#[test]
fn generate_key_prints_a_new_key_each_time() {
    let [one, other] = [(), ()].map(|()| reseal(&["generate-key"], &[]));
    assert_eq!(exit_code(&one), Some(0));
    let key = stdout(&one).strip_suffix('\n').expect("a line");
    assert_eq!(key.len(), 64);
    assert!(key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{}", key.len());
    assert_ne!(one.stdout, other.stdout);
    assert_eq!(stderr(&one), "");
}

#[test]
fn health_in_single_and_dual_key_mode() {
    let current = ("ENCRYPTION_KEY", KEY);
    let single = reseal(&["health", "--output", "json"], &[current]);
    assert_eq!(exit_code(&single), Some(0));
    assert_eq!(
        stdout(&single),
        "{\"status\":\"healthy\",\"dual_key_mode\":false,\
         \"checks\":{\"key_valid\":true,\"round_trip\":true}}\n"
    );
    let previous = ("ENCRYPTION_KEY_PREVIOUS", PREVIOUS);
    let dual = reseal(&["health", "--output", "json"], &[current, previous]);
    assert_eq!(exit_code(&dual), Some(0));
    assert_eq!(
        stdout(&dual),
        "{\"status\":\"healthy\",\"dual_key_mode\":true,\
         \"checks\":{\"key_valid\":true,\"round_trip\":true,\"previous_key_valid\":true}}\n"
    );
}

#[test]
fn health_for_people_shows_sources_and_ids_when_asked() {
    let variables = [("ENCRYPTION_KEY", KEY), ("ENCRYPTION_KEY_PREVIOUS", PREVIOUS)];
    let health = reseal(&["health", "-v"], &variables);
    let (shown, rings) = stdout(&health).split_once("\nkey ring keys\n").expect("the ring");
    assert_eq!(
        shown,
        "healthy, a previous key is present\n  key_valid           ok\n  \
         round_trip          ok\n  previous_key_valid  ok"
    );
    assert!(rings.contains(" from env:ENCRYPTION_KEY\n"), "{rings}");
    assert!(rings.ends_with(" from env:ENCRYPTION_KEY_PREVIOUS\n"), "{rings}");
}

/// The current key, the previous one, the checks that fail, and the place named.
const UNHEALTHY: &[(&str, &str, &str, &str)] = &[
    ("", PREVIOUS, "key_valid", "env:ENCRYPTION_KEY"),
    (KEY.split_at(63).0, "", "key_valid", "env:ENCRYPTION_KEY"),
    (
        "not hexadecimal at all but as long as a key would have to be ...",
        "",
        "key_valid",
        "env:ENCRYPTION_KEY",
    ),
    (KEY, PREVIOUS.split_at(63).0, "previous_key_valid", "env:ENCRYPTION_KEY_PREVIOUS"),
    (KEY, KEY, "previous_key_valid", "env:ENCRYPTION_KEY_PREVIOUS, and env:ENCRYPTION_KEY"),
];

#[test]
fn an_unhealthy_ring_says_which_check_failed_and_where() {
    for (current, previous, check, place) in UNHEALTHY {
        let variables = [("ENCRYPTION_KEY", *current), ("ENCRYPTION_KEY_PREVIOUS", *previous)];
        let health = reseal(&["health", "--output", "json"], &variables);
        assert_eq!(exit_code(&health), Some(1));
        let json: serde_json::Value = serde_json::from_str(stdout(&health)).expect("JSON");
        assert_eq!(json["status"], "unhealthy");
        assert_eq!(json["checks"][check], false);
        assert_eq!(json["checks"]["key_valid"], *check != "key_valid");
        assert_eq!(
            (&json["errors"][0]["check"], &json["errors"][0]["where"]),
            (&(*check).into(), &(*place).into())
        );
        let text = reseal(&["health"], &variables);
        assert!(stdout(&text).starts_with("unhealthy, "), "{}", stdout(&text));
        assert!(stdout(&text).contains(&format!("\n  where: {place}\n")), "{}", stdout(&text));
        for output in [&health, &text] {
            nothing_secret(output, &[current, previous]);
        }
    }
}

fn nothing_secret(output: &Output, secrets: &[&str]) {
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(!stdout(output).contains(secret) && !stderr(output).contains(secret));
    }
}

/// Arguments, what stderr says, its parts separated by line feeds.
const BAD_WORDS: &[(&[&str], &str)] = &[
    (
        &[],
        "no command was given\n  where: the command line\n  \
         hint: reseal --help lists the commands, reseal COMMAND --help its options",
    ),
    (&["plam"], "unknown command `plam`\n  where: the command line\n  hint: did you mean `plan`?"),
    (
        &["paln"],
        "unknown command `paln`\n  where: the command line\n  hint: did you mean `man` or `plan`?",
    ),
    (
        &["run", "--wrokers=2"],
        "unknown argument `--wrokers`\n  where: the command line\n  hint: did you mean `--workers`?",
    ),
    (
        &["run", "--output", "xml"],
        "--output is one of: text, json\n  where: the command line\n  \
         hint: reseal --help lists the commands, reseal COMMAND --help its options",
    ),
    (
        &["run", "-v", "-q"],
        "--verbose cannot be used with --quiet\n  where: the command line\n  \
         hint: reseal --help lists the commands, reseal COMMAND --help its options",
    ),
    (
        &["failures", "accept", "3"],
        "missing: --reason\n  where: the command line\n  \
         hint: reseal --help lists the commands, reseal COMMAND --help its options",
    ),
    (
        &["run"],
        "no column is named\n  \
         hint: name one with --column [SCHEMA.]TABLE.COLUMN, or [[table]] in reseal.toml",
    ),
    (
        &["run", "-c", "t.c:gp"],
        "there is no layout named `gp`\n  where: --column\n  hint: did you mean `go`?",
    ),
    (
        &["status", "--config", "nowhere.toml"],
        "cannot read the configuration: there is no such file\n  where: nowhere.toml",
    ),
];

#[test]
fn bad_words_are_refused_with_what_where_and_hint() {
    for (arguments, expected) in BAD_WORDS {
        let output = reseal(arguments, &[]);
        assert_eq!(exit_code(&output), Some(2), "{arguments:?}");
        assert_eq!(stderr(&output), format!("reseal: error: {expected}\n"), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let url = "postgres://app:s3cret@db/app";
    let layout = format!("t.c:{KEY}");
    let option = format!("--key={KEY}");
    let url_option = format!("--database-url={url}");
    let places: &[&[&str]] = &[
        &[KEY],
        &["run", KEY],
        &["run", "--current", KEY],
        &["run", "--workers", KEY],
        &["run", "--config", KEY],
        &["run", "--output", KEY],
        &["run", "-c", KEY],
        &["run", "-c", &layout],
        &["run", &option],
        &["run", &url_option],
        &["run", url],
        &["failures", "accept", KEY, "--reason", "x"],
    ];
    for arguments in places {
        let output = reseal(arguments, &[]);
        assert_eq!(exit_code(&output), Some(2), "{arguments:?}");
        nothing_secret(&output, &[KEY, url, "s3cret"]);
    }
}

#[test]
fn help_and_version_are_answers() {
    for arguments in [["--help"].as_slice(), &["run", "--help"], &["--version"]] {
        let output = reseal(arguments, &[]);
        assert_eq!((exit_code(&output), stderr(&output)), (Some(0), ""), "{arguments:?}");
        assert!(stdout(&output).contains("reseal"), "{arguments:?}");
    }
}

#[test]
fn every_setting_has_its_default_in_the_help() {
    let help = reseal(&["run", "--help"], &[]);
    let help = stdout(&help).split_whitespace().collect::<Vec<_>>().join(" ");
    for (option, default) in [
        ("--workers <NUMBER>", "2"),
        ("--max-passes <NUMBER>", "10"),
        ("--max-failures <NUMBER>", "1000"),
        ("--page-rows-max <NUMBER>", "5000"),
        ("--rows-per-second <NUMBER>", "0"),
        ("--page-bytes-max <BYTES>", "2MiB"),
        ("--value-bytes-max <BYTES>", "32MiB"),
        ("--max-wait <DURATION>", "5m"),
        ("--retry-for <DURATION>", "1m"),
        ("--lease <DURATION>", "15s"),
        ("--other-seals <NUMBER>", "0"),
    ] {
        let (_, line) = help.split_once(option).unwrap_or_else(|| panic!("{option} in the help"));
        let (line, _) = line.split_once(']').expect("a default");
        assert!(line.ends_with(&format!("[default: {default}")), "{option}: {line}");
    }
}

#[test]
fn a_file_in_the_working_directory_is_found() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(
        directory.path().join("reseal.toml"),
        "[keys]\nprevious = []\ncurrent = \"file:key\"\n",
    )
    .expect("a file to write");
    std::fs::write(directory.path().join("key"), format!("{KEY}\n")).expect("a file to write");
    let output = Command::new(env!("CARGO_BIN_EXE_reseal"))
        .args(["health", "--output", "json"])
        .env_clear()
        .env("ENCRYPTION_KEY_PREVIOUS", "not looked at")
        .current_dir(directory.path())
        .output()
        .expect("the program to start");
    assert!(stdout(&output).starts_with("{\"status\":\"healthy\",\"dual_key_mode\":false"));
}

#[test]
fn a_panic_says_where_and_nothing_that_it_held() {
    let output = Command::new(std::env::current_exe().expect("this test's own path"))
        .args(["--ignored", "--exact", "comes_to_a_point_it_should_never_reach"])
        .output()
        .expect("the program to start");
    let said = stderr(&output);
    assert!(said.contains("should never reach\n  where: tests/cli_words.rs:"), "{said}");
    nothing_secret(&output, &[KEY]);
}

#[test]
#[ignore = "it panics: the test above runs it in a process of its own"]
fn comes_to_a_point_it_should_never_reach() {
    reseal::telemetry::keep_secrets_in_memory();
    panic!("{KEY}");
}

/// `reseal --help | head` and the like: the reader has what it wants.
#[test]
fn a_reader_that_has_gone_away_is_no_trouble() {
    for words in [&["--help"][..], &["--version"], &["generate-key"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_reseal"));
        let output = command.args(words).env_clear().stdout(writer).output().expect("a start");
        assert_eq!((exit_code(&output), stderr(&output)), (Some(0), ""), "{words:?}");
    }
}
