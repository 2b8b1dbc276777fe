//! Who did what, when: append-only, and chained by hashes.
//!
//! [`append`] is the only writer. The chain's head is a row of its own: whoever appends locks it, so that
//! processes queue, and ids have no gaps. **The lock is held until the transaction ends: append as the last
//! thing in it**, after all rows that others may wait for. Nothing is audited page by page.
//!
//! What the hashes are over, and what they can show, is [`chain`]'s.

pub mod chain;

use serde_json::{Value, json};
use tokio_postgres::types::Type;

use crate::config::Who;
use crate::db::error::{DatabaseError, Trouble};
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::db::transaction::Transaction;
use chain::{Doer, Hash, Head, StoredEvent};

/// What can happen, in the words of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A process has loaded keys, or had them unwrapped: where from, which version, never what.
    KeysLoaded,
    PlanRefused,
    RunStarted,
    /// Another process works on the run, or the same command again.
    RunResumed,
    RunSuperseded,
    RunEnded,
    PassStarted,
    ProofClosed,
    /// An operator lets the workers rest, or go on.
    RunPaused,
    RunUnpaused,
    /// An operator changed settings of a run at work.
    SettingsChanged,
    RunAbandoned,
    FailureAccepted,
    Verified,
}

impl EventKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeysLoaded => "keys loaded",
            Self::PlanRefused => "plan refused",
            Self::RunStarted => "run started",
            Self::RunResumed => "run resumed",
            Self::RunSuperseded => "run superseded",
            Self::RunEnded => "run ended",
            Self::PassStarted => "pass started",
            Self::ProofClosed => "proof closed",
            Self::RunPaused => "run paused",
            Self::RunUnpaused => "run unpaused",
            Self::SettingsChanged => "settings changed",
            Self::RunAbandoned => "run abandoned",
            Self::FailureAccepted => "failure accepted",
            Self::Verified => "verified",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    kind: EventKind,
    run_id: Option<i64>,
    detail: Value,
}

impl Event {
    pub fn new(kind: EventKind) -> Self {
        Self { kind, run_id: None, detail: json!({}) }
    }

    /// … of a run.
    pub fn of_run(kind: EventKind, run_id: i64) -> Self {
        Self { run_id: Some(run_id), ..Self::new(kind) }
    }

    /// What else is known: names, counts and settings; no key, value or row key.
    #[must_use]
    pub fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }
}

/// Appends an event to the chain; it commits together with what it tells of. Others who append wait for
/// the end of this transaction, so this comes last in it.
pub async fn append(
    transaction: &Transaction<'_>,
    who: &Who,
    event: &Event,
) -> Result<Head, DatabaseError> {
    let head = transaction.query_opt(sql::AUDIT_LOCK_HEAD, &[]).await?.ok_or_else(headless)?;
    let event = StoredEvent {
        event_id: head.get::<_, i64>("event_id") + 1,
        happened_at: head.get("happened_at"),
        run_id: event.run_id,
        event: event.kind.as_str().to_owned(),
        who: Doer {
            database_role: head.get("database_role"),
            operator: who.operator.clone(),
            ticket: who.ticket.clone(),
            reason: who.reason.map(|reason| reason.as_str().to_owned()),
            host: host_name(),
            pod: who.pod.clone(),
        },
        detail: event.detail.to_string(),
        previous_hash: Hash::read(&head, "hash"),
    };
    let hash = event.hash();
    transaction
        .execute(
            sql::AUDIT_APPEND,
            &[
                (&event.event_id, Type::INT8),
                (&event.happened_at, Type::TEXT),
                (&event.run_id, Type::INT8),
                (&event.event, Type::TEXT),
                (&event.who.database_role, Type::TEXT),
                (&event.who.operator, Type::TEXT),
                (&event.who.ticket, Type::TEXT),
                (&event.who.reason, Type::TEXT),
                (&event.who.host, Type::TEXT),
                (&event.who.pod, Type::TEXT),
                (&event.detail, Type::TEXT),
                (&event.previous_hash.bytes(), Type::BYTEA),
                (&hash.bytes(), Type::BYTEA),
            ],
        )
        .await?;
    Ok(Head { event_id: event.event_id, hash })
}

/// The one row that is there from the beginning has been taken away: nothing can follow it.
fn headless() -> DatabaseError {
    let what = "the audit trail's note of its newest event is gone (reseal.audit_head)";
    DatabaseError::new(Trouble::PlanBroken, what).hint(
        "somebody took it away, or a restore left it out: `reseal audit verify` says what else is missing; restore \
         it, or note event_id and hash of the last row of reseal.audit_event there (0 and 32 zero bytes if none)",
    )
}

/// The newest link, as whoever appended it noted; `None` when that note is gone.
pub async fn head(transaction: &Transaction<'_>) -> Result<Option<Head>, DatabaseError> {
    let row = transaction.query_opt(sql::AUDIT_HEAD, &[]).await?;
    let read =
        |row: tokio_postgres::Row| Head { event_id: row.get(0), hash: Hash::read(&row, "hash") };
    Ok(row.map(read))
}

/// What the database lets this role do with the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    pub may_append: bool,
    /// By a privilege, as the owner or as a superuser: nothing but the chain then speaks for the rows.
    pub may_change: bool,
}

pub async fn rights(transaction: &Transaction<'_>) -> Result<Rights, DatabaseError> {
    let row = transaction.query_one(sql::AUDIT_RIGHTS, &[]).await?;
    Ok(Rights { may_append: row.get("may_append"), may_change: row.get("may_change") })
}

/// Hands every event to `each`, in the order of the chain and in one snapshot; answers the head noted.
pub async fn read_all(
    session: &mut Session,
    mut each: impl FnMut(StoredEvent, Hash),
) -> Result<Option<Head>, DatabaseError> {
    let transaction = session.begin(&Terms::snapshot()).await?;
    let head = head(&transaction).await?;
    let mut rows = transaction.stream(sql::AUDIT_LIST, &[]).await?;
    while let Some(row) = rows.next().await? {
        each(StoredEvent::read(&row), Hash::read(&row, "hash"));
    }
    drop(rows);
    transaction.commit().await?;
    Ok(head)
}

/// The machine or pod; in a container the host name is the pod's name.
pub fn host_name() -> Option<String> {
    std::env::var("HOSTNAME").ok().or_else(|| {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_owned())
    })
}
