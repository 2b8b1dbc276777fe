//! `reseal.toml`: any bytes are a configuration that is sound or a refusal that repeats no secret.
//!
//! Input: the file. The byte 1 stands for a key that was written into it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use reseal::cli;
use reseal::config::{Command, Environment};
use tempfile::TempDir;

use super::meaning::{is_harmless, is_sound, with_secret};

static DIRECTORY: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a directory"));

thread_local! {
    /// Written again for every input; each thread has its own.
    static FILE: PathBuf = DIRECTORY.path().join(format!("{:?}.toml", std::thread::current().id()));
}

pub fn check(data: &[u8]) {
    FILE.with(|file| {
        let bytes = match std::str::from_utf8(data) {
            Ok(text) => with_secret(text).into_bytes(),
            Err(_) => data.to_vec(),
        };
        std::fs::write(file, bytes).expect("a file");
        let path = file.to_str().expect("a path in UTF-8");
        for command in ["run", "health"] {
            let arguments = ["reseal", command, "--config", path].map(OsString::from);
            let words = cli::parse(arguments).expect("words").expect("a command");
            let environment = Environment::of_pairs(&[("DATABASE_URL", "postgresql://h/d")]);
            match Command::resolve(words, &environment) {
                Ok(command) => is_sound(&command),
                Err(refused) => is_harmless(&refused),
            }
        }
    });
}
