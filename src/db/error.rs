//! What class of trouble the database's answer was.
//!
//! Of a server's error only SQLSTATE, severity and the names of schema, table, column and
//! constraint are looked at. MESSAGE, DETAIL, HINT and CONTEXT quote rows and parameters, so they
//! are dropped here and never stored; the words shown are our own.

mod sqlstate;

use std::fmt;
use std::io;

use tokio_postgres::error::{DbError, Severity};

use super::tls::tls_trouble;
use crate::error::Error;

pub use sqlstate::Trouble;

/// One trouble with the database, without anything that could quote a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseError {
    pub trouble: Trouble,
    /// The five characters of PostgreSQL's SQLSTATE; `None` when the client noticed the trouble.
    pub sqlstate: Option<Box<str>>,
    pub schema: Option<Box<str>>,
    pub table: Option<Box<str>>,
    pub column: Option<Box<str>>,
    pub constraint: Option<Box<str>>,
    /// What happened, in our own words.
    pub summary: &'static str,
    /// How to mend it, where that is known.
    pub hint: Option<&'static str>,
}

impl DatabaseError {
    /// A trouble noticed on our side.
    pub fn new(trouble: Trouble, summary: &'static str) -> Self {
        Self {
            trouble,
            sqlstate: None,
            schema: None,
            table: None,
            column: None,
            constraint: None,
            summary,
            hint: None,
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// `schema.table.column, constraint name`, of what the server named.
    pub fn place(&self) -> Option<String> {
        let path = [&self.schema, &self.table, &self.column];
        let path = path.into_iter().flatten().map(|name| &**name).collect::<Vec<_>>().join(".");
        let constraint = self.constraint.as_ref().map(|name| format!("constraint {name}"));
        let parts: Vec<String> =
            Some(path).filter(|path| !path.is_empty()).into_iter().chain(constraint).collect();
        Some(parts.join(", ")).filter(|place| !place.is_empty())
    }

    /// A trouble while connecting: whatever its severity, there is no session.
    pub(super) fn of_connecting(error: &tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(answer) => Self::from_server(answer, true),
            None => Self::from_client(error),
        }
    }

    fn from_client(error: &tokio_postgres::Error) -> Self {
        tls_trouble(error).unwrap_or_else(|| client_trouble(error))
    }

    fn from_server(answer: &DbError, ends_the_session: bool) -> Self {
        let meaning = sqlstate::meaning(answer.code().code(), ends_the_session);
        let name = |name: Option<&str>| name.map(Box::from);
        Self {
            trouble: meaning.trouble,
            sqlstate: Some(answer.code().code().into()),
            schema: name(answer.schema()),
            table: name(answer.table()),
            column: name(answer.column()),
            constraint: name(answer.constraint()),
            summary: meaning.summary,
            hint: meaning.hint,
        }
    }
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(answer) => {
                let severity = answer.parsed_severity();
                Self::from_server(
                    answer,
                    matches!(severity, Some(Severity::Fatal | Severity::Panic)),
                )
            }
            None => Self::from_client(&error),
        }
    }
}

/// The client library tells its own troubles apart by `Display` alone (its kinds are private).
fn client_trouble(error: &tokio_postgres::Error) -> DatabaseError {
    let kind = error.to_string();
    let starts = |words: &str| kind.starts_with(words);
    if error.is_closed() || starts("error communicating") {
        DatabaseError::new(Trouble::ConnectionLost, "the connection to the database was lost")
    } else if starts("error connecting") && is_of_the_other_kind(error) {
        DatabaseError::new(
            Trouble::ConnectionLost,
            "the server is not of the kind that target_session_attrs asks for",
        )
        .hint("a run needs the primary: name it, all servers of the cluster, or another kind")
    } else if starts("error connecting") || starts("timeout") {
        DatabaseError::new(Trouble::ConnectionLost, "the database cannot be reached")
            .hint("check host and port, that the server runs, and the network in between")
    } else if starts("unexpected message") || starts("error parsing") {
        DatabaseError::new(
            Trouble::ConnectionLost,
            "the server's answer does not follow PostgreSQL's protocol",
        )
        .hint("check that host and port belong to a PostgreSQL server")
    } else if starts("authentication error") {
        DatabaseError::new(Trouble::WrongWords, "the server's way to authenticate is not usable")
            .hint("SCRAM, MD5 and plain passwords and client certificates are supported")
    } else if starts("invalid configuration") || starts("invalid connection") {
        DatabaseError::new(Trouble::WrongWords, "the server asks for a password and none is given")
            .hint("put it into the URL, PGPASSWORD or the password file")
    } else {
        DatabaseError::new(Trouble::Bug, "a value did not fit the statement it was used with")
    }
}

/// A server that answered, and takes writes or takes none where the other was asked for. The client says so in
/// words of its own; what the system refuses has a number.
fn is_of_the_other_kind(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|e| e.downcast_ref::<io::Error>());
    source
        .is_some_and(|e| e.kind() == io::ErrorKind::PermissionDenied && e.raw_os_error().is_none())
}

/// What, then the SQLSTATE; the place and the hint are left to [`Error`].
impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.summary)?;
        match &self.sqlstate {
            Some(sqlstate) => write!(f, " (SQLSTATE {sqlstate})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DatabaseError {}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        let mut ended = Error::new(error.trouble.exit_code(), error.to_string());
        ended.place = error.place();
        ended.hint = error.hint.map(str::to_owned);
        ended
    }
}
