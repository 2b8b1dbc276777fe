//! Connection words: any URL, pairs, variables and password file name servers or are refused, and no
//! refusal and no name of a server holds the password.
//!
//! Input: how the first words are meant, the words, then values of variables and a password file, each
//! up to a NUL. The byte 1 stands for a password.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::LazyLock;

use reseal::config::{DatabaseConfig, DatabaseUrl};
use reseal::error::Error;
use tempfile::TempDir;

use super::bytes_of_input::Input;
use super::meaning::{SECRET, is_harmless, with_secret};

const VARIABLES: [&str; 8] = [
    "PGHOST",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGSSLMODE",
    "PGOPTIONS",
    "PGTARGETSESSIONATTRS",
];

static DIRECTORY: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a directory"));

thread_local! {
    static PASSWORDS: PathBuf = DIRECTORY.path().join(format!("{:?}", std::thread::current().id()));
}

pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    let Some(words) = input.text() else { return };
    match kind % 4 {
        0 => drop(names(Some(&with_secret(words)), &mut input)),
        1 => drop(names(None, &mut input)),
        // the password in its place, with whatever around it
        2 => holds_no_password(&format!("postgresql://app:{words}@host:1/db"), &mut input),
        _ => {
            let (before, after) = words.split_once('\u{1}').unwrap_or((words, ""));
            let quoted =
                format!("{before}{SECRET}{after}").replace('\\', "\\\\").replace('\'', "\\'");
            holds_no_password(&format!("host=h password='{quoted}' port=1"), &mut input);
        }
    }
}

fn holds_no_password(words: &str, input: &mut Input<'_>) {
    if let Ok(names) = names(Some(&with_secret(words)), input) {
        assert!(!names.concat().contains(&SECRET[..32]), "a password in the name of a server");
    }
}

/// The servers that would be tried.
fn names(words: Option<&str>, input: &mut Input<'_>) -> Result<Vec<String>, Error> {
    let values: Vec<Option<String>> = VARIABLES
        .iter()
        .map(|_| input.text().filter(|text| !text.is_empty()).map(str::to_owned))
        .collect();
    let passwords = PASSWORDS.with(|path| {
        let options = || {
            std::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(path)
        };
        options().and_then(|mut file| file.write_all(input.until_nul())).expect("a file");
        path.to_str().expect("a path in UTF-8").to_owned()
    });
    let environment = |name: &str| match VARIABLES.iter().position(|known| *known == name) {
        Some(place) => values[place].clone(),
        None => (name == "PGPASSFILE").then(|| passwords.clone()),
    };
    let config = DatabaseConfig { url: words.map(DatabaseUrl::new), max_connections: 2 };
    let names = config.server_names(&environment);
    match &names {
        Ok(names) => assert!(!names.is_empty() && names.iter().all(|name| name.contains(':'))),
        Err(refused) => is_harmless(refused),
    }
    names
}
