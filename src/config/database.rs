//! Where the database is. Its URL holds a password: it is fetched from its source and never shown.

use std::fmt;

use crate::config::file::FileWords;
use crate::config::run::number;
use crate::config::word::Word;
use crate::config::{Environment, Troubles};
use crate::error::{Error, Result};

const URL_BYTES_MAX: usize = 16 << 10;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    pub url: DatabaseUrl,
    /// Connections of this process at most (`[database] max_connections`, `DB_MAX_CONNS`).
    pub max_connections: usize,
}

/// A connection URL, or none: then libpq's `PG*` variables say where the database is.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    secret: Option<String>,
    source: String,
}

impl DatabaseUrl {
    pub fn new(url: impl Into<String>, source: impl Into<String>) -> DatabaseUrl {
        DatabaseUrl { secret: Some(url.into()), source: source.into() }
    }

    /// No URL: the `PG*` variables.
    pub fn of_libpq() -> DatabaseUrl {
        DatabaseUrl { secret: None, source: "the PG* variables".to_owned() }
    }

    /// The URL with its password; for the connection alone.
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Where it came from, for messages.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl(from {})", self.source)
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

/// What the file names, else `DATABASE_URL` if it is set, else the `PG*` variables.
fn url(word: Option<&Word>, environment: &Environment) -> Result<DatabaseUrl> {
    let Some(word) = word else {
        return Ok(match environment.text("DATABASE_URL")? {
            Some(url) => DatabaseUrl::new(url, "env:DATABASE_URL"),
            None => DatabaseUrl::of_libpq(),
        });
    };
    let url = match word.text.split_once(':') {
        Some(("env", name)) if !name.is_empty() => environment.text(name)?.ok_or_else(|| {
            word.wrong(format!("the variable {name} is not set"))
                .hint("set it to the database's URL, or leave url out and set the PG* variables")
        })?,
        Some(("file", path)) if !path.is_empty() => {
            std::fs::read_to_string(path).map_err(|error| {
                Error::usage(format!("cannot read the database's URL: {error}")).at(path)
            })?
        }
        _ => {
            return Err(word
                .wrong("the database's URL is named, never written here")
                .hint("url = \"env:DATABASE_URL\" or \"file:PATH\""));
        }
    };
    let url = url.trim_end_matches(['\n', '\r']);
    if url.is_empty() || url.len() > URL_BYTES_MAX || url.contains('\n') {
        return Err(word.wrong("the source does not hold one URL").at(word.text.clone()));
    }
    Ok(DatabaseUrl::new(url, word.text.clone()))
}
