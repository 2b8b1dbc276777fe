//! On what terms a transaction begins.

use std::time::Duration;

/// How long a transaction of ours may sit idle before the server ends it: far longer than any pause of a
/// working process, so that only a stopped one is met. Even one that only reads holds others up: DDL waits
/// for it, and behind that the application.
const IDLE_MAX: Duration = Duration::from_secs(10);

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
