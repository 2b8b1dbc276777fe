//! Waits until every transaction that may have written to the tables has ended.

use std::time::{Duration, Instant};

use tokio_postgres::types::Type;

use super::narrow::CommitError;
use super::stop::Stop;
use crate::db::error::DatabaseError;
use crate::db::ledger::shard::{self, Claim};
use crate::db::pool::Database;
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::db::transaction::Parameter;
use crate::error::{Error, Result};

const FIRST_POLL: Duration = Duration::from_millis(5);
const POLL_MAX: Duration = Duration::from_millis(500);

/// The lock modes of whoever wrote to a table (PostgreSQL manual, section 13.3.1).
const WRITING: [&str; 4] =
    ["RowExclusiveLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"];
/// … and of whoever may have locked rows of it.
const LOCKING: [&str; 5] = [
    "RowShareLock",
    "RowExclusiveLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
];

/// An open transaction that may have written to one of the tables, or locked rows of it.
#[derive(Clone, Debug)]
struct OpenWriter {
    transaction: String,
    pid: Option<i32>,
    gid: Option<String>,
    application: Option<String>,
    role: Option<String>,
    since: Option<String>,
    relation: String,
}

impl OpenWriter {
    fn is(&self, other: &Self) -> bool {
        self.transaction == other.transaction && self.pid == other.pid && self.gid == other.gid
    }

    /// For the message: who it is and how to end it. Names no row and no statement.
    fn describe(&self) -> String {
        let since = self.since.as_deref().map(|s| format!(" since {s}")).unwrap_or_default();
        let relation = &self.relation;
        match (&self.gid, self.pid) {
            (Some(gid), _) => format!("prepared transaction '{gid}' on {relation}{since}"),
            (None, Some(pid)) => {
                let role = self.role.as_deref().map(|r| format!(", role {r}")).unwrap_or_default();
                let application = self.application.as_deref().filter(|name| !name.is_empty());
                let application = application.map(|a| format!(", {a}")).unwrap_or_default();
                format!("process {pid}{role}{application} on {relation}{since}")
            }
            (None, None) => format!("a prepared transaction on {relation}{since}"),
        }
    }
}

/// Waits for the writers that are open now; later ones do not matter. Answers how long it took.
///
/// # Errors
/// Exit 5 naming those that are still open after `max_wait`; [`CommitError::NotOurs`] when the kept shard was
/// taken over, or the run is no longer wanted.
pub async fn wait(
    session: &mut Session,
    relations: &[u32],
    max_wait: Duration,
    stop: &Stop,
    kept: Option<Kept<'_>>,
) -> Result<Duration, CommitError> {
    let begun = Instant::now();
    let mut waited_for = open(session, relations, &WRITING).await?;
    let mut poll = FIRST_POLL;
    while !waited_for.is_empty() {
        if begun.elapsed() >= max_wait {
            return Err(still_open(&waited_for, max_wait).into());
        }
        crate::failpoint!("writers-open");
        stop.sleep(poll).await?;
        poll = (poll * 2).min(POLL_MAX);
        if let Some(kept) = &kept {
            kept.renew(session).await?;
        }
        let open = open(session, relations, &WRITING).await?;
        waited_for = still_waited_for(&waited_for, open);
    }
    Ok(begun.elapsed())
}

/// Of the writers that are open now, those that are waited for. When a session has left, a prepared
/// transaction may be what has become of it: PREPARE takes the locks over under another name. Each of
/// the sessions leaves once, so this comes to an end.
fn still_waited_for(waited_for: &[OpenWriter], open: Vec<OpenWriter>) -> Vec<OpenWriter> {
    let has_left = |writer: &OpenWriter| !open.iter().any(|other| writer.is(other));
    let may_be_prepared = waited_for.iter().any(|writer| writer.pid.is_some() && has_left(writer));
    let is_waited_for = |other: &OpenWriter| {
        waited_for.iter().any(|writer| writer.is(other)) || (may_be_prepared && other.pid.is_none())
    };
    open.into_iter().filter(is_waited_for).collect()
}

/// A shard whose lease is renewed while we wait.
#[derive(Clone, Copy)]
pub struct Kept<'c> {
    pub claim: &'c Claim,
    pub lease: Duration,
}

impl Kept<'_> {
    /// Renews the lease, over a connection of its own, until the work is done.
    pub async fn during<T>(
        &self,
        database: &Database,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T, CommitError> {
        let renewing = async {
            loop {
                tokio::time::sleep(self.lease / 3).await;
                let mut session = database.session().await?;
                self.renew(&mut session).await?;
            }
        };
        tokio::select! {
            done = work => Ok(done?),
            lost = renewing => lost,
        }
    }

    async fn renew(&self, session: &mut Session) -> Result<(), CommitError> {
        let transaction = session.begin(&Terms::ledger()).await?;
        let ours = shard::renew_lease(&transaction, self.claim, self.lease, None).await?;
        transaction.commit().await?;
        if ours { Ok(()) } else { Err(CommitError::NotOurs) }
    }
}

fn still_open(writers: &[OpenWriter], max_wait: Duration) -> Error {
    let names: Vec<String> = writers.iter().map(OpenWriter::describe).collect();
    let seconds = max_wait.as_secs_f64();
    Error::outside(format!("transactions that wrote to the tables stayed open for {seconds} s"))
        .at(names.join("; "))
        .hint("commit, roll back or terminate them, or wait longer (--max-wait); then run again")
        .given_up()
}

/// Names whoever may hold rows of these tables, for a message.
pub async fn holders(session: &mut Session, relations: &[u32]) -> Result<String, DatabaseError> {
    let holders = open(session, relations, &LOCKING).await?;
    Ok(holders.iter().map(OpenWriter::describe).collect::<Vec<_>>().join("; "))
}

async fn open(
    session: &mut Session,
    relations: &[u32],
    modes: &[&str],
) -> Result<Vec<OpenWriter>, DatabaseError> {
    let transaction = session.begin(&Terms::reading()).await?;
    let parameters: [Parameter<'_>; 2] =
        [(&relations, Type::OID_ARRAY), (&modes, Type::TEXT_ARRAY)];
    let rows = transaction.query(sql::PROOF_WRITERS, &parameters).await?;
    transaction.commit().await?;
    let writer = |row: &tokio_postgres::Row| OpenWriter {
        transaction: row.get("transaction"),
        pid: row.get("pid"),
        gid: row.get("gid"),
        application: row.get("application_name"),
        role: row.get("role_name"),
        since: row.get("since"),
        relation: row.get("relation"),
    };
    Ok(rows.iter().map(writer).collect())
}
