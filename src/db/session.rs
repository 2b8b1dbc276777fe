//! One connection at a time, and the terms on which a transaction begins.
//!
//! Nothing is ever set for a session, because behind a pooler it would be set for other clients
//! too: every setting is `SET LOCAL`, sent together with the `START TRANSACTION` it belongs to,
//! reads included. One round trip begins a transaction.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Client;
use tokio_postgres::SimpleQueryMessage;

use super::error::{DatabaseError, Trouble};
use super::sql;
use super::transaction::{Described, Transaction};

/// How long a transaction of ours may sit idle before the server ends it: far longer than any pause of a
/// working process, so that only a stopped one is met. Even one that only reads holds others up: DDL waits
/// for it, and behind that the application.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// The first version with `transaction_timeout`, which would end a long proof.
const VERSION_WITH_TRANSACTION_TIMEOUT: i32 = 170_000;

/// The setting a connection of ours carries from its startup; who echoes it is the same server
/// session that we connected to.
pub(super) const SESSION_MARK: &str = "reseal.session";

/// What a transaction sees of others that commit meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    ReadCommitted,
    RepeatableRead,
}

/// The terms of one transaction.
#[derive(Clone, Debug)]
pub struct Terms {
    pub isolation: Isolation,
    pub read_only: bool,
    /// Rounded up to a millisecond; never endless.
    pub lock_timeout: Duration,
    /// Rounded up to a millisecond; never endless.
    pub statement_timeout: Duration,
    /// How long it may sit idle before the server ends it, and with it what it holds: our process stands
    /// still, or the network does. Rounded up to a millisecond; never endless.
    pub idle_timeout: Duration,
    /// Whether COMMIT waits until the transaction is on disk (and on synchronous standbys).
    /// Without it, a crash may undo the newest commits, in their order.
    pub durable: bool,
}

impl Terms {
    /// For reading: nothing is locked, and DDL that holds a table is waited for.
    pub fn reading() -> Self {
        Self {
            isolation: Isolation::ReadCommitted,
            read_only: true,
            lock_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(300),
            idle_timeout: IDLE_MAX,
            durable: false,
        }
    }

    /// For reading every table in one snapshot: as long as it takes.
    pub fn snapshot() -> Self {
        Self {
            isolation: Isolation::RepeatableRead,
            statement_timeout: Duration::from_secs(24 * 3600),
            ..Self::reading()
        }
    }

    /// For the ledger alone. What a crash undoes here is done again.
    pub fn ledger() -> Self {
        Self { read_only: false, lock_timeout: Duration::from_secs(30), ..Self::reading() }
    }

    /// For what must not be undone: the end of a run, an operator's word, the ledger itself.
    pub fn durable() -> Self {
        Self { durable: true, ..Self::ledger() }
    }
}

/// One pooled connection. What was read through it is only valid with it: a row's `xmin` means
/// nothing on another server.
pub struct Session {
    client: Client,
    /// What the server echoes in [`SESSION_MARK`], when it does.
    mark: Option<String>,
    backend_pid: i32,
    server_version: i32,
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
        Ok(Self {
            client,
            mark: mark.filter(|mark| mark.starts_with(prefix)),
            backend_pid: row.try_get(1)?,
            server_version: row.try_get(2)?,
            application_name,
            described: Described::default(),
        })
    }

    /// Whether this connection is proven to reach the server without a pooler that may move it. Where
    /// one may stand in between, a lost server session can go unnoticed, so that `xmin` alone does not
    /// tell whether a row is still the one that was read.
    pub fn is_direct(&self) -> bool {
        self.mark.is_some()
    }

    /// The server process of this session (`pg_backend_pid()`), when it is direct; behind a
    /// pooler it may change from one transaction to the next.
    pub fn backend_pid(&self) -> Option<i32> {
        self.mark.as_ref().map(|_| self.backend_pid)
    }

    /// `server_version_num`: 150012 is 15.12.
    pub fn server_version(&self) -> i32 {
        self.server_version
    }

    /// Begins a transaction on these terms.
    ///
    /// On a direct session the server's mark is checked again: should it ever differ, something
    /// in between moved us to another server session, and the trouble is `ConnectionLost`.
    pub async fn begin(&mut self, terms: &Terms) -> Result<Transaction<'_>, DatabaseError> {
        let words = self.opening(terms);
        let transaction = Transaction::guard(&self.client, &self.described);
        let answers = match self.client.simple_query(&words).await {
            Ok(answers) => answers,
            Err(error) => return Err(not_begun(error.into())),
        };
        if let Some(expected) = &self.mark {
            let echoed = answers.iter().find_map(|answer| match answer {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            });
            if echoed != Some(expected) {
                return Err(moved());
            }
        }
        Ok(transaction)
    }

    /// `START TRANSACTION` and everything that is set for it. Utility statements only: they take
    /// no snapshot, so the caller's first statement does.
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
        if !terms.read_only {
            set("synchronous_commit", if terms.durable { "on" } else { "off" });
        }
        for (name, value) in FIXED {
            set(name, value);
        }
        set("application_name", &literal(&self.application_name));
        if self.mark.is_some() {
            words.push_str("SHOW reseal.session");
        }
        words
    }
}

/// The same in every transaction, so that neither a role's nor a database's defaults change what
/// `column::text` says, which rows are seen, or in which order.
const FIXED: &[(&str, &str)] = &[
    ("row_security", "off"), // a policy makes an error instead of a silently short scan
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
];

/// Whole milliseconds for a timeout setting; never 0, which PostgreSQL takes as endless.
pub(super) fn milliseconds(timeout: Duration) -> String {
    let rounded_up = timeout.as_nanos().div_ceil(1_000_000);
    rounded_up.clamp(1, i32::MAX as u128).to_string()
}

/// A string constant of SQL, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

fn moved() -> DatabaseError {
    DatabaseError::new(
        Trouble::ConnectionLost,
        "the connection was moved to another server session by something in between",
    )
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

    #[test]
    fn a_literal_cannot_be_left() {
        assert_eq!(literal(r"it's \ fine"), r"E'it''s \\ fine'");
    }
}
