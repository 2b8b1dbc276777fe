//! The closed lists of words that stand as labels.

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It opens with the current key in its write layout; nothing was to be done.
    Current,
    Resealed,
    /// It could not be resealed, and is left as it was.
    Failed,
    /// The application changed or held its row.
    Conflict,
    /// `verify` read it, and the current key does not open it.
    Remaining,
}

impl Outcome {
    pub const ALL: [Self; 5] =
        [Self::Current, Self::Resealed, Self::Failed, Self::Conflict, Self::Remaining];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Resealed => "resealed",
            Self::Failed => "failed",
            Self::Conflict => "conflict",
            Self::Remaining => "remaining",
        }
    }
}

/// What is done again, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Trouble outside: a worker began again with a new session.
    Session,
    /// Others held rows of a page: it was written without them.
    Locked,
    /// A page took too long: it was written in parts.
    Timeout,
    /// The database refused a page because of a row: it was written in parts, to find that row.
    Refused,
}

pub const RETRIES: [Retry; 4] = [Retry::Session, Retry::Locked, Retry::Timeout, Retry::Refused];

impl Retry {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Locked => "locked",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
        }
    }
}

/// The states of a run, as `reseal status` says them.
pub const STATES: [&str; 8] = [
    "idle",
    "running",
    "paused",
    "interrupted",
    "completed",
    "completed_with_failures",
    "incomplete",
    "failed",
];
