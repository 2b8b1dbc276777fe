//! One connection at a time, and the terms on which a transaction begins.
//!
//! Nothing is ever set for a session, because behind a pooler it would be set for other clients
//! too: every setting is `SET LOCAL`, sent together with the `START TRANSACTION` it belongs to,
//! reads included. One round trip begins a transaction.

mod identity;
mod terms;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::Client;

use super::answer::Silence;
use super::error::{DatabaseError, Trouble};
use super::identifier::literal;
use super::sql;
use super::transaction::{Described, Transaction};
use identity::Identity;

pub(super) use identity::ProofOfIdentity;
pub use terms::{Isolation, Terms};

/// The first version with `transaction_timeout`, which would end a long proof.
const VERSION_WITH_TRANSACTION_TIMEOUT: i32 = 170_000;

/// How long a statement may go on for a process that is gone: a look at a large table takes minutes, and nobody
/// would hear what it found. The setting came with PostgreSQL 14; servers on Linux can do it, not all others can.
const ABSENT_MAX: Duration = Duration::from_secs(2);

/// The setting a connection of ours carries from its startup; who echoes it is the same server
/// session that we connected to.
pub(super) const SESSION_MARK: &str = "reseal.session";

/// Tells a session from every other of this process: what was read through one is worthless in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionStamp(u64);

impl SessionStamp {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One pooled connection. What was read through it is only valid with it: a row's `xmin` means
/// nothing on another server.
pub struct Session {
    /// There until the session is dropped.
    client: Option<Client>,
    silence: Silence,
    stamp: SessionStamp,
    identity: Identity,
    backend_pid: i32,
    server_version: i32,
    /// When this server was started: no other was at that microsecond.
    server_started: String,
    /// Whether it can notice in mid-statement that its client is gone.
    notices_absence: bool,
    application_name: Arc<str>,
    described: Described,
}

impl Session {
    /// Asks who is there. `prefix` is what a mark of this process begins with.
    pub(super) async fn open(
        client: Client,
        prefix: &str,
        application_name: Arc<str>,
    ) -> Result<Self, DatabaseError> {
        let row = client.query_typed_one(sql::SESSION_GREETING, &[]).await?;
        let mark: Option<String> = row.try_get(0)?;
        let identity = match mark.filter(|mark| mark.starts_with(prefix)) {
            Some(mark) => Identity::Marked(mark),
            None => {
                let row = client.query_typed_one(sql::SESSION_INCARNATION, &[]).await?;
                Identity::Incarnation(row.try_get(0)?)
            }
        };
        Ok(Self {
            client: Some(client),
            silence: Silence::default(),
            stamp: SessionStamp::next(),
            identity,
            backend_pid: row.try_get(1)?,
            server_version: row.try_get(2)?,
            server_started: row.try_get(3)?,
            notices_absence: row.try_get(4)?,
            application_name,
            described: Described::default(),
        })
    }

    pub fn stamp(&self) -> SessionStamp {
        self.stamp
    }

    /// Whether both sessions reached one server, and not one of them a standby or a former primary.
    pub fn is_same_server(&self, other: &Self) -> bool {
        self.server_started == other.server_started
    }

    /// Whether this connection is proven to reach the server without a pooler that may move it. Where
    /// one may stand in between, the stored values are compared besides `xmin`.
    pub fn is_direct(&self) -> bool {
        matches!(self.identity, Identity::Marked(_))
    }

    /// The server process of this session (`pg_backend_pid()`), when it is direct; behind a
    /// pooler it may change from one transaction to the next.
    pub fn backend_pid(&self) -> Option<i32> {
        self.is_direct().then_some(self.backend_pid)
    }

    /// `server_version_num`: 150012 is 15.12.
    pub fn server_version(&self) -> i32 {
        self.server_version
    }

    /// Begins a transaction on these terms.
    ///
    /// The server is asked who it is each time: should the answer ever differ from the session's
    /// first, something in between moved us to another server session, or behind a pooler the server
    /// crashed or was replaced. The trouble is then `ConnectionLost`, whatever was read is void.
    pub async fn begin(&mut self, terms: &Terms) -> Result<Transaction<'_>, DatabaseError> {
        let mut words = self.opening(terms);
        let (question, expected) = match &self.identity {
            Identity::Marked(mark) => ("SHOW reseal.session", mark),
            Identity::Incarnation(incarnation) => (sql::SESSION_INCARNATION, incarnation),
        };
        // a query would take the snapshot before the caller's first statement; asked at the end, it
        // tells as much of a transaction that only reads
        let is_asked_at_the_end = !self.is_direct() && terms.isolation == Isolation::RepeatableRead;
        let proof_of_identity = ProofOfIdentity { question, expected };
        let asked_at_the_end = is_asked_at_the_end.then_some(proof_of_identity);
        if !is_asked_at_the_end {
            words.push_str(question);
        }
        let client = self.client.as_ref().expect("it is taken when the session is dropped");
        let answers = self.silence.answers(terms.statement_timeout);
        let transaction = Transaction::guard(client, &self.described, answers, asked_at_the_end);
        let begun = self.silence.beginning().wait(client.simple_query(&words)).await;
        let answers = begun.map_err(not_begun)?;
        if !is_asked_at_the_end {
            proof_of_identity.check(&answers)?;
        }
        Ok(transaction)
    }

    /// `START TRANSACTION` and everything that is set for it. Utility statements only: they take
    /// no snapshot.
    fn opening(&self, terms: &Terms) -> String {
        let isolation = match terms.isolation {
            Isolation::ReadCommitted => "READ COMMITTED",
            Isolation::RepeatableRead => "REPEATABLE READ",
        };
        let access = if terms.read_only { "READ ONLY" } else { "READ WRITE" };
        let mut words = format!("START TRANSACTION ISOLATION LEVEL {isolation} {access};");
        let mut set = |name: &str, value: &str| {
            let written = write!(words, "SET LOCAL {name} = {value};");
            written.expect("writing to a String cannot fail");
        };
        set("lock_timeout", &milliseconds(terms.lock_timeout));
        set("statement_timeout", &milliseconds(terms.statement_timeout));
        set("idle_in_transaction_session_timeout", &milliseconds(terms.idle_timeout));
        if self.server_version >= VERSION_WITH_TRANSACTION_TIMEOUT {
            set("transaction_timeout", "0");
        }
        if self.notices_absence {
            set("client_connection_check_interval", &milliseconds(ABSENT_MAX));
        }
        if !terms.read_only {
            set("synchronous_commit", if terms.durable { "on" } else { "off" });
        }
        for (name, value) in FIXED {
            set(name, value);
        }
        set("application_name", &literal(&self.application_name));
        words
    }
}

/// Whoever was not answered would not be answered the next time: such a connection is closed, and not given
/// back.
impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take_if(|_| self.silence.is_noted()) {
            drop(Client::take(client));
        }
    }
}

/// The same in every transaction, so that neither a role's nor a database's defaults change what
/// `column::text` says, which rows are seen, or in which order.
pub const FIXED: &[(&str, &str)] = &[
    ("search_path", "DEFAULT"), // the role's, not what another client of a pooler has left there
    ("row_security", "off"),    // a policy makes an error instead of a silently short scan
    ("TimeZone", "'UTC'"),
    ("DateStyle", "'ISO, YMD'"),
    ("IntervalStyle", "'postgres'"),
    ("bytea_output", "'hex'"),
    ("extra_float_digits", "1"),
    ("max_parallel_workers_per_gather", "0"),
    ("synchronize_seqscans", "off"),
    ("plan_cache_mode", "force_custom_plan"),
    ("jit", "off"),
    ("client_min_messages", "error"),
    // a page is a range of an index or of the heap: no statistics, or old ones, may make it anything else
    ("enable_bitmapscan", "off"),
    ("enable_sort", "off"),
];

/// Whole milliseconds for a timeout setting; never 0, which PostgreSQL takes as endless.
pub(super) fn milliseconds(timeout: Duration) -> String {
    let rounded_up = timeout.as_nanos().div_ceil(1_000_000);
    rounded_up.clamp(1, i32::MAX as u128).to_string()
}

/// A standby refuses READ WRITE as a feature it does not support; among our fixed words nothing
/// else can be answered so.
fn not_begun(error: DatabaseError) -> DatabaseError {
    if error.sqlstate.as_deref() != Some("0A000") {
        return error;
    }
    DatabaseError {
        trouble: Trouble::Transient,
        summary: "the server is a standby and accepts no writes",
        hint: Some("connect to the primary (target_session_attrs=read-write)"),
        ..error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_never_endless() {
        assert_eq!(milliseconds(Duration::ZERO), "1");
        assert_eq!(milliseconds(Duration::from_micros(1)), "1");
        assert_eq!(milliseconds(Duration::from_micros(1500)), "2");
        assert_eq!(milliseconds(Duration::MAX), i32::MAX.to_string());
    }
}
