//! How long the client waits for an answer.
//!
//! The server ends what takes too long by its own timeouts, and says so. Should nothing be heard of it, a good
//! deal later, then the server or something in between has fallen silent: the session is given up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::error::{DatabaseError, Trouble};

/// How much later than the server's own timeout.
const GRACE: Duration = Duration::from_secs(15);
/// A pooler may let a transaction wait for a server before it begins (PgBouncer: two minutes).
const BEGIN_MAX: Duration = Duration::from_secs(180);

/// Whether a session is still answered.
#[derive(Debug, Default)]
pub struct Silence(AtomicBool);

impl Silence {
    /// Nobody can use the session any more.
    pub fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The answers of a transaction whose statements the server ends after so long.
    pub fn answers(&self, statement_timeout: Duration) -> Answers<'_> {
        Answers { silence: self, most: statement_timeout.saturating_add(GRACE) }
    }

    /// The answer to START TRANSACTION.
    pub fn beginning(&self) -> Answers<'_> {
        Answers { silence: self, most: BEGIN_MAX }
    }
}

/// Waits for answers, each so long at most.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'s> {
    silence: &'s Silence,
    most: Duration,
}

impl Answers<'_> {
    /// The answer, unless nothing comes.
    pub async fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DatabaseError> {
        if let Ok(answer) = tokio::time::timeout(self.most, answer).await {
            return Ok(answer?);
        }
        self.silence.0.store(true, Ordering::Relaxed);
        Err(DatabaseError::new(Trouble::ConnectionLost, "the database has fallen silent")
            .hint("look at the network, a proxy or a pooler in between, and at the server"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_not_answered_gives_the_session_up() {
        let silence = Silence::default();
        let answers = Answers { silence: &silence, most: Duration::from_millis(5) };
        answers.wait(std::future::ready(Ok(()))).await.unwrap();
        assert!(!silence.is_noted());
        let error = answers.wait(std::future::pending::<Result<(), _>>()).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::ConnectionLost);
        assert!(silence.is_noted());
    }

    #[test]
    fn the_server_has_its_time_and_more() {
        let second = Duration::from_secs(1);
        assert_eq!(Silence::default().answers(second).most, second + GRACE);
    }
}
