//! How a session knows that it still meets the server that it began with. Knows no statement but the questions.

use tokio_postgres::SimpleQueryMessage;

use crate::db::error::{DatabaseError, Trouble};

/// How every transaction of a session shows that it runs where the session began.
pub enum Identity {
    /// The server session echoes the mark it was given at startup: the connection is direct.
    Marked(String),
    /// A pooler may give every transaction another server session, but all of them must be of this
    /// incarnation of the server: neither a crash nor a failover lies in between.
    Incarnation(String),
}

/// What the server must answer, so that a transaction counts.
#[derive(Clone, Copy)]
pub struct ProofOfIdentity<'s> {
    pub question: &'s str,
    pub expected: &'s str,
}

impl ProofOfIdentity<'_> {
    /// Looks at the last row of `answers`: the question stands last.
    pub fn check(&self, answers: &[SimpleQueryMessage]) -> Result<(), DatabaseError> {
        let rows = answers.iter().rev();
        let answer = rows.filter_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => Some(row.get(0)),
            _ => None,
        });
        if answer.take(1).any(|answer| answer == Some(self.expected)) {
            return Ok(());
        }
        Err(DatabaseError::new(
            Trouble::ConnectionLost,
            "something in between moved the connection to another server session, or hid that the \
             server crashed or was replaced",
        ))
    }
}
