//! The command line: any words are a command that is sound or a refusal that repeats no secret.
//!
//! Input: lines; the first byte says which command they belong to and what they stand for. The byte 1
//! stands for a key that was typed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use reseal::cli;
use reseal::config::{Command, Environment};

use super::bytes_of_input::Input;
use super::meaning::{SECRET, is_harmless, is_sound, with_secret};

const COMMANDS: [&[&str]; 8] = [
    &["run"],
    &["plan"],
    &["status"],
    &["failures"],
    &["failures", "accept", "1"],
    &["abandon"],
    &["ledger"],
    &["health"],
];

const SETTINGS: [&str; 14] = [
    "--column",
    "--max-wait",
    "--retry-for",
    "--lease",
    "--workers",
    "--max-passes",
    "--max-failures",
    "--page-rows-max",
    "--page-bytes-max",
    "--value-bytes-max",
    "--other-seals",
    "--rollback",
    "--current",
    "--previous",
];

pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    let text = with_secret(&String::from_utf8_lossy(input.rest()));
    let lines = text.split('\n').take(24);
    let mut arguments = vec![OsString::from("reseal")];
    match kind % 4 {
        // columns and settings, as words and in the environment
        0 => {
            arguments.extend(["run", "--column=t.c"].map(OsString::from));
            arguments.extend(lines.map(|line| setting(line).into()));
        }
        1 => return environment(&text),
        2 => arguments.extend(lines.map(OsString::from)),
        _ => {
            let command = COMMANDS[usize::from(kind / 4) % COMMANDS.len()];
            arguments.extend(command.iter().map(OsString::from));
            arguments.extend(lines.map(|line| OsString::from_vec(line.as_bytes().to_vec())));
        }
    }
    resolve(arguments, &[]);
}

/// `--NAME=VALUE`, the name by its place in the alphabet.
fn setting(line: &str) -> String {
    let mut characters = line.chars();
    let place = characters.next().map_or(0, |letter| letter as usize);
    format!("{}={}", SETTINGS[place % SETTINGS.len()], characters.as_str())
}

/// The same in variables.
fn environment(text: &str) {
    const VARIABLES: [&str; 8] = [
        "RESEAL_MAX_WAIT",
        "RESEAL_LEASE",
        "RESEAL_WORKERS",
        "RESEAL_PAGE_BYTES_MAX",
        "RESEAL_ALLOW_UNREADABLE",
        "RESEAL_RUN_TOKEN",
        "DB_MAX_CONNS",
        "RESEAL_OTHER_SEALS",
    ];
    let pairs: Vec<(&str, &str)> = VARIABLES.into_iter().zip(text.split('\n')).collect();
    resolve(["reseal", "run", "-c", "t.c"].map(OsString::from).to_vec(), &pairs);
}

fn resolve(arguments: Vec<OsString>, pairs: &[(&str, &str)]) {
    if arguments.iter().any(asks_for_an_answer) {
        return;
    }
    let mut pairs = pairs.to_vec();
    pairs.push(("DATABASE_URL", "postgresql://h/d"));
    match cli::parse(arguments).map(|words| words.expect("no answer was asked for")) {
        Err(refused) => is_harmless(&refused),
        Ok(words) => match Command::resolve(words, &Environment::of_pairs(&pairs)) {
            Ok(command) => is_sound(&command),
            Err(refused) => is_harmless(&refused),
        },
    }
    debug_assert!(SECRET.len() == 64);
}

/// Help and the version are printed, which is of no interest here; and no file is to be read.
fn asks_for_an_answer(argument: &OsString) -> bool {
    let text = argument.to_string_lossy();
    let is_short = text.starts_with('-') && !text.starts_with("--");
    is_short && text.contains(['h', 'V'])
        || ["--help", "--version", "help"].contains(&&*text)
        || text.starts_with("--config")
}
