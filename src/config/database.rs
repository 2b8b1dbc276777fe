//! Where the database is. Its URL holds a password: it is fetched from its source and never shown.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::config::file::{FileWords, read};
use crate::config::run::number;
use crate::config::word::Word;
use crate::config::{Environment, Troubles};
use crate::error::{Error, Result, of_reading};

/// A longer file holds something else.
const URL_BYTES_MAX: u64 = 16 << 10;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// A URL or `key=value` words; `None` leaves everything to libpq's `PG*` variables.
    pub url: Option<DatabaseUrl>,
    /// Connections of this process at most (`[database] max_connections`, `DB_MAX_CONNS`).
    pub max_connections: usize,
}

/// Connection words as given. They hold a password: wiped when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Zeroizing<String>);

impl DatabaseUrl {
    pub fn new(words: impl Into<String>) -> DatabaseUrl {
        DatabaseUrl(Zeroizing::new(words.into()))
    }

    /// The words with their password; for the connection alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

impl DatabaseConfig {
    pub(super) fn resolve(
        file: &FileWords,
        environment: &Environment,
        troubles: &mut Troubles,
    ) -> Option<DatabaseConfig> {
        let url = troubles.note(url(file.url.as_ref(), environment));
        let max_connections = troubles.note(max_connections(file, environment));
        Some(DatabaseConfig { url: url?, max_connections: max_connections? })
    }
}

fn max_connections(file: &FileWords, environment: &Environment) -> Result<usize> {
    let typed = environment.word("DB_MAX_CONNS")?;
    match typed.as_ref().or(file.max_connections.as_ref()) {
        Some(word) => number("max_connections", word, &(2..=100)),
        None => Ok(4),
    }
}

/// What the file names, else `DATABASE_URL` if it is set, else nothing.
fn url(word: Option<&Word>, environment: &Environment) -> Result<Option<DatabaseUrl>> {
    let Some(word) = word else {
        return Ok(environment.text("DATABASE_URL")?.map(DatabaseUrl::new));
    };
    let words = match word.text.split_once(':') {
        Some(("env", name)) if is_name(name) => environment.text(name)?.ok_or_else(|| {
            word.wrong(format!("the variable {name} is not set"))
                .hint("set it to the database's URL, or leave url out and set the PG* variables")
        }),
        Some(("file", path)) if !path.is_empty() && !path.contains("://") => read_url(path),
        _ => Err(word
            .wrong("the database's URL is named, never written here")
            .hint("url = \"env:DATABASE_URL\" or \"file:PATH\"")),
    };
    Ok(Some(DatabaseUrl::new(words?)))
}

/// Whether it may be a variable's name. `env:$DATABASE_URL`, which a shell has replaced, is none, and
/// is not to be repeated.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// The file's text without the line feed at its end.
fn read_url(path: &str) -> Result<String> {
    let mut text = read(Path::new(path), URL_BYTES_MAX).map_err(|error| {
        Error::usage(format!("cannot read the database's URL: {}", of_reading(&error))).at(path)
    })?;
    text.truncate(text.trim_end().len());
    Ok(text)
}
