//! The table of SQLSTATEs: class of trouble, our words, and how to mend it.
//!
//! After PostgreSQL's manual, appendix A. Whatever is not named there can be raised by user code
//! (`RAISE … USING ERRCODE`), and is taken as the refusal of a row: the worker then finds out
//! which row it is.

use crate::error::ExitCode;

/// Classes of trouble, by what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The session is gone, or never began: connect anew, read again, try again.
    ConnectionLost,
    /// The server cannot now: try again later.
    Transient,
    /// A lock was not had in time (55P03).
    LockTimeout,
    /// The statement was cancelled, by its timeout or by an administrator (57014).
    StatementTimeout,
    /// The row, a constraint, or code of the user (trigger, rule, function) refuses.
    RowRefused,
    /// Tables, columns, types or features are not what the plan saw.
    PlanBroken,
    /// A privilege is missing (42501).
    Denied,
    /// Connection words are wrong: role, password, database, certificate.
    WrongWords,
    /// The server reports a fault of its own: storage, corruption, an internal error.
    Serious,
    /// Our own statement was wrong.
    Bug,
}

impl Trouble {
    /// How a command ends on this trouble when nothing more helps.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::ConnectionLost
            | Self::Transient
            | Self::LockTimeout
            | Self::StatementTimeout
            | Self::Serious => ExitCode::Outside,
            Self::RowRefused | Self::PlanBroken | Self::Denied => ExitCode::Refused,
            Self::WrongWords => ExitCode::Usage,
            Self::Bug => ExitCode::Bug,
        }
    }
}

/// What an SQLSTATE means to us.
pub(super) struct Meaning {
    pub trouble: Trouble,
    pub summary: &'static str,
    pub hint: Option<&'static str>,
}

/// Exact codes first, then classes (the first two characters). `ends_the_session`: its severity
/// was FATAL or PANIC; the same code as a mere ERROR was raised by a trigger or a foreign server.
pub(super) fn meaning(code: &str, ends_the_session: bool) -> Meaning {
    let rows = if ends_the_session { FATAL } else { &[] };
    let found = rows.iter().chain(CODES).find(|row| code.starts_with(row.0));
    match found {
        Some(&(_, trouble, summary, hint)) => {
            Meaning { trouble, summary, hint: Some(hint).filter(|hint| !hint.is_empty()) }
        }
        None if ends_the_session => Meaning {
            trouble: Trouble::ConnectionLost,
            summary: "the server ended the session",
            hint: None,
        },
        None => Meaning {
            trouble: Trouble::RowRefused,
            summary: "a trigger, rule or function of the database refuses",
            hint: None,
        },
    }
}

type Line = (&'static str, Trouble, &'static str, &'static str);

const NO_HINT: &str = "";
/// For what a plan had found, and a run no longer finds.
const CHANGED: &str =
    "was a table changed while the run went on? `reseal plan` looks at it as it is now";

/// What only the server itself says, when it ends a session or does not begin one.
#[rustfmt::skip]
const FATAL: &[Line] = &[
    ("08P01", Trouble::ConnectionLost, "the server, or a pooler before it, takes no connection of this kind now", "a pooler may be full, or may not accept options (PGOPTIONS): see its log, or connect to the server itself"),
    ("08", Trouble::ConnectionLost, "the connection to the database was lost", NO_HINT),
    ("25P03", Trouble::ConnectionLost, "the server ended a transaction that was idle for too long", NO_HINT),
    ("25P04", Trouble::ConnectionLost, "the server ended a transaction that took too long (transaction_timeout)", NO_HINT),
    ("28P01", Trouble::WrongWords, "the password is wrong, or the role does not exist", "check user and password (DATABASE_URL, PGUSER, PGPASSWORD, the password file)"),
    ("28", Trouble::WrongWords, "the server does not let this role in", "check user, database and sslmode, and the server's pg_hba.conf"),
    ("3D000", Trouble::WrongWords, "the database does not exist", "check the database's name in DATABASE_URL or PGDATABASE"),
    ("42501", Trouble::WrongWords, "the role may not connect to this database", "grant CONNECT on the database"),
    ("53300", Trouble::Transient, "the server has no connection left", "lower max_connections, or raise the server's or the role's limit"),
    ("57P01", Trouble::ConnectionLost, "the server ended the session: it is being stopped, or an administrator did so", NO_HINT),
    ("57P02", Trouble::ConnectionLost, "the server crashed and is being restarted", NO_HINT),
    ("57P03", Trouble::ConnectionLost, "the server is starting up, stopping or recovering and takes no connections now", NO_HINT),
    ("57P04", Trouble::ConnectionLost, "the database was dropped", NO_HINT),
    ("57P05", Trouble::ConnectionLost, "the server ended a session that was idle for too long", NO_HINT),
    ("XX", Trouble::Serious, "the server reports an internal error or damaged data", "look into the server's log"),
];

/// Everything else, and the same classes when they did not end the session.
#[rustfmt::skip]
const CODES: &[Line] = &[
    // what passes
    ("08", Trouble::ConnectionLost, "a pooler, or a server that the database itself asks, lost a connection", NO_HINT),
    ("25006", Trouble::Transient, "the server accepts no writes now", "it is a standby or was demoted; connect to the primary (target_session_attrs=read-write)"),
    ("40002", Trouble::RowRefused, "a constraint refuses the row", NO_HINT),
    ("40", Trouble::Transient, "the transaction met another one and was rolled back", NO_HINT),
    ("53100", Trouble::Transient, "the server's disk is full", "free or add space"),
    ("53200", Trouble::Transient, "the server is out of memory", NO_HINT),
    ("53300", Trouble::Transient, "the server has no connection left", "lower max_connections, or raise the server's or the role's limit"),
    ("53", Trouble::Transient, "the server is out of a resource", NO_HINT),
    ("55006", Trouble::Transient, "an object is in use", NO_HINT),
    ("55P03", Trouble::LockTimeout, "a lock was not had in time", "another transaction holds it; see pg_locks"),
    ("57014", Trouble::StatementTimeout, "a statement was cancelled, by its timeout or by an administrator", NO_HINT),
    ("57P", Trouble::Transient, "another server that the database asked is going down", NO_HINT),
    ("57", Trouble::Transient, "an administrator interfered", NO_HINT),
    ("72000", Trouble::Transient, "a snapshot grew too old", NO_HINT),

    // what a row, a constraint or a trigger refuses
    ("21", Trouble::RowRefused, "a trigger, rule or function got more rows than it takes", NO_HINT),
    ("22", Trouble::RowRefused, "a value does not fit", NO_HINT),
    ("23502", Trouble::RowRefused, "a not-null constraint refuses the row", NO_HINT),
    ("23503", Trouble::RowRefused, "a foreign key refuses the row", NO_HINT),
    ("23505", Trouble::RowRefused, "a unique constraint refuses the row", NO_HINT),
    ("23514", Trouble::RowRefused, "a check constraint refuses the row", "look at what the constraint demands of the column's text or length"),
    ("23P01", Trouble::RowRefused, "an exclusion constraint refuses the row", NO_HINT),
    ("23", Trouble::RowRefused, "a constraint refuses the row", NO_HINT),
    ("27000", Trouble::RowRefused, "a trigger changed the row it was fired for", NO_HINT),
    ("44000", Trouble::RowRefused, "a check option of a view refuses the row", NO_HINT),
    ("54", Trouble::RowRefused, "a value is too large for the row or for an index on it", NO_HINT),
    ("P0001", Trouble::RowRefused, "a trigger, rule or function raised an error", NO_HINT),

    // what is not as the plan saw it
    ("0A000", Trouble::PlanBroken, "the server cannot do this, or a table changed meanwhile", CHANGED),
    ("26000", Trouble::PlanBroken, "a prepared statement is not known to the server", "a pooler may be in between"),
    ("3D000", Trouble::PlanBroken, "the database does not exist", NO_HINT),
    ("3F000", Trouble::PlanBroken, "a schema does not exist", CHANGED),
    ("42501", Trouble::Denied, "a privilege is missing", "grant it to the role of this connection"),
    ("42601", Trouble::Bug, "a statement was malformed", NO_HINT),
    ("42703", Trouble::PlanBroken, "a column does not exist", CHANGED),
    ("42704", Trouble::PlanBroken, "an object or setting does not exist", CHANGED),
    ("42804", Trouble::PlanBroken, "a column has another type than expected", CHANGED),
    ("42883", Trouble::PlanBroken, "a function or operator does not exist", CHANGED),
    ("42P01", Trouble::PlanBroken, "a table does not exist", CHANGED),
    ("42", Trouble::PlanBroken, "a table, column or type is not as expected", CHANGED),
    ("55000", Trouble::PlanBroken, "a table is not in the state the statement needs", "a published table without replica identity cannot be updated"),
    ("55", Trouble::PlanBroken, "an object is not in the state the statement needs", NO_HINT),

    // what the server or we did wrong
    ("25", Trouble::Bug, "a statement was used outside its transaction", NO_HINT),
    ("34000", Trouble::Bug, "a cursor does not exist", NO_HINT),
    ("58", Trouble::Serious, "the server reports an error of its storage", "look into the server's log"),
    ("F0", Trouble::Serious, "the server reports an error of its configuration files", "look into the server's log"),
    ("XX", Trouble::Serious, "the server reports an internal error or damaged data", "look into the server's log"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_the_manual_has_its_trouble() {
        use Trouble::*;
        for (code, trouble) in [
            ("08006", ConnectionLost),
            ("0A000", PlanBroken),
            ("20000", RowRefused),
            ("21000", RowRefused),
            ("22001", RowRefused),
            ("22P02", RowRefused),
            ("23505", RowRefused),
            ("23514", RowRefused),
            ("25006", Transient),
            ("25P02", Bug),
            ("26000", PlanBroken),
            ("27000", RowRefused),
            ("2F002", RowRefused),
            ("38000", RowRefused),
            ("39P01", RowRefused),
            ("3F000", PlanBroken),
            ("40001", Transient),
            ("40002", RowRefused),
            ("40P01", Transient),
            ("42501", Denied),
            ("42601", Bug),
            ("42703", PlanBroken),
            ("42804", PlanBroken),
            ("42P01", PlanBroken),
            ("44000", RowRefused),
            ("45000", RowRefused),
            ("53100", Transient),
            ("53300", Transient),
            ("54000", RowRefused),
            ("55000", PlanBroken),
            ("55006", Transient),
            ("55P03", LockTimeout),
            ("57014", StatementTimeout),
            ("58030", Serious),
            ("P0001", RowRefused),
            ("MY001", RowRefused),
            ("XX001", Serious),
        ] {
            assert_eq!(meaning(code, false).trouble, trouble, "{code}");
        }
    }

    #[test]
    fn a_session_that_ends_is_told_from_a_statement_that_fails() {
        use Trouble::*;
        for (code, trouble) in [
            ("08006", ConnectionLost),
            ("25P03", ConnectionLost),
            ("28000", WrongWords),
            ("28P01", WrongWords),
            ("3D000", WrongWords),
            ("42501", WrongWords),
            ("53300", Transient),
            ("57P01", ConnectionLost),
            ("57P02", ConnectionLost),
            ("57P03", ConnectionLost),
            ("57P05", ConnectionLost),
            ("99999", ConnectionLost),
            ("XX002", Serious),
        ] {
            assert_eq!(meaning(code, true).trouble, trouble, "{code}");
        }
    }

    /// A line that a shorter one before it hides would never be used.
    #[test]
    fn no_line_is_hidden_by_an_earlier_one() {
        for table in [FATAL, CODES] {
            for (index, line) in table.iter().enumerate() {
                let hidden = table[..index].iter().any(|earlier| line.0.starts_with(earlier.0));
                assert!(!hidden, "{}", line.0);
            }
        }
    }
}
