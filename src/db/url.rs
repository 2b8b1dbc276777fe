//! Connection words: from DATABASE_URL and libpq's PG* variables to the servers to try.
use std::fmt;
use zeroize::Zeroizing;
/// What the connecting needs to know.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// A URL or key=value words; `None` leaves everything to libpq's PG* variables.
    pub url: Option<DatabaseUrl>,
    /// The most connections held at once.
    pub max_connections: usize,
}

/// Connection words as given. They hold a password, so `Debug` shows nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Zeroizing<String>);

impl DatabaseUrl {
    pub fn new(words: impl Into<String>) -> Self {
        Self(Zeroizing::new(words.into()))
    }
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}
