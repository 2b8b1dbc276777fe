//! The user's own SQL: true means wait.
//!
//! It is the inside of an expression of ours, so it is one query and no other statement; read only, under a
//! timeout of its own, and rolled back: what it sets does not outlive it.

use std::time::Duration;

use tokio_postgres::types::Type;

use crate::db::error::{DatabaseError, Trouble};
use crate::db::session::{Session, Terms};
use crate::error::Error;
use crate::rotate::waits::{Wait, WaitReason};

/// How long it may take: it is asked again and again.
const TIME_MAX: Duration = Duration::from_secs(2);

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The database did not come to it.
    Outside(DatabaseError),
    /// What is wrong with the query.
    Wrong(Error),
}

impl From<NoAnswer> for Error {
    /// Before a run it is refused, in mid-run it is trouble that may pass.
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Outside(error) => error.into(),
            NoAnswer::Wrong(error) => Self::outside(error.what)
                .at(error.place.unwrap_or_default())
                .hint(error.hint.unwrap_or_default()),
        }
    }
}

/// Asks it.
pub async fn ask(session: &mut Session, query: &str) -> Result<bool, NoAnswer> {
    let terms = Terms { statement_timeout: TIME_MAX, lock_timeout: TIME_MAX, ..Terms::reading() };
    let transaction = session.begin(&terms).await.map_err(NoAnswer::Outside)?;
    let query = query.trim_end().trim_end_matches(';');
    // on a line of its own, so that a comment at its end hides nothing
    let statement = format!("SELECT (\n{query}\n)");
    let row = transaction.query_one(&statement, &[]).await.map_err(no_answer)?;
    drop(transaction);
    let answered = row.columns().first().map_or(Type::UNKNOWN, |column| column.type_().clone());
    if answered != Type::BOOL {
        // 1 is true to a cast, and so is 50: whoever counts has forgotten to compare
        let what = format!("the query answers a value of type {answered}, not a boolean");
        return Err(NoAnswer::Wrong(wrong(what).hint("say when to wait, as in: (…) > 10")));
    }
    row.get::<_, Option<bool>>(0).ok_or_else(|| {
        let what = "the query answers NULL, or no row: neither wait nor go on";
        NoAnswer::Wrong(wrong(what).hint("say what that means: coalesce((…), false)"))
    })
}

fn no_answer(error: DatabaseError) -> NoAnswer {
    match error.trouble {
        Trouble::ConnectionLost => NoAnswer::Outside(error),
        Trouble::StatementTimeout | Trouble::LockTimeout => {
            let what = format!("the query takes longer than {} s", TIME_MAX.as_secs());
            NoAnswer::Wrong(wrong(what).hint("it is asked once a second: make it cheap"))
        }
        _ => NoAnswer::Wrong(
            wrong(format!("the query fails: {error}"))
                .hint("it is one query that answers one boolean, and may only read"),
        ),
    }
}

fn wrong(what: impl Into<String>) -> Error {
    Error::refused(what).at("throttle_query")
}

/// What stands against any page.
pub fn judge(waits: bool) -> Option<Wait> {
    let text = "waits as throttle_query says".to_owned();
    waits.then_some(Wait { reason: WaitReason::Query, text })
}
