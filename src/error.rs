//! What went wrong, where, and how to mend it; and the table of exit codes.
//!
//! One type for everything that ends a command. It knows nothing of the rooms that raise it: they
//! say what class of trouble it is, and the class alone decides the exit code. Messages are lower
//! case, without a full stop, and never hold a key, a plaintext or a row.

use std::fmt;
use std::io;

/// The exit codes that scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, with proof.
    Done = 0,
    /// Finished, but values failed or still need a previous key.
    Unfinished = 1,
    /// Wrong words, configuration or key.
    Usage = 2,
    /// Refused by the plan, or the plan no longer holds in mid-run.
    Refused = 3,
    /// Interrupted by a signal; the same command resumes.
    Interrupted = 4,
    /// Trouble outside after bounded retries; resumable.
    Outside = 5,
    /// The budget of time or records is spent; the next start resumes.
    BudgetSpent = 6,
    /// A bug, a panic too.
    Bug = 70,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// One trouble: what, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub exit_code: ExitCode,
    pub what: String,
    pub place: Option<String>,
    pub hint: Option<String>,
    /// It was waited for as long as is allowed: trying again at once would only wait again.
    pub given_up: bool,
    /// Further troubles found together with this one (a plan reports all its refusals at once).
    pub others: Vec<Error>,
}

impl Error {
    pub fn new(exit_code: ExitCode, what: impl Into<String>) -> Self {
        let (place, hint, others) = (None, None, Vec::new());
        Self { exit_code, what: what.into(), place, hint, given_up: false, others }
    }

    /// Wrong words, configuration or key.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, what)
    }

    /// The plan refuses, or no longer holds.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(ExitCode::Refused, what)
    }

    /// Trouble outside: database, network, transactions that stay open.
    pub fn outside(what: impl Into<String>) -> Self {
        Self::new(ExitCode::Outside, what)
    }

    /// Something that cannot be, unless the program is wrong.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::new(ExitCode::Bug, what)
            .hint("this is a bug in reseal; nothing was lost, please report it")
    }

    /// Where it is wrong: a table, a column, a file, an environment variable.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// At this place, unless a nearer one is known.
    #[must_use]
    pub fn near(mut self, place: impl Into<String>) -> Self {
        self.place.get_or_insert_with(|| place.into());
        self
    }

    /// How to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that the trouble had all the time it may have.
    #[must_use]
    pub fn given_up(mut self) -> Self {
        self.given_up = true;
        self
    }

    /// Joins troubles found together; the first decides the exit code. `None` when there are none.
    pub fn all(errors: Vec<Error>) -> Option<Error> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        first.others.extend(errors);
        Some(first)
    }
}

/// `what`, then `where:` and `hint:` on lines of their own.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if let Some(place) = &self.place {
            write!(f, "\n  where: {place}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Why a file could not be read: what happens most in words that say it, the rest as the system has it.
pub fn of_reading(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        other => other.to_string(),
    }
}

/// The hint for a word that is not known, when it is near enough to a known one to be meant.
pub fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 1.max(candidate.len() / 3))
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

pub type Result<T, E = Error> = std::result::Result<T, E>;
