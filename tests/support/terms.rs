//! Terms of transactions for tests that do not care.

use std::time::Duration;

use reseal::db::{Isolation, Terms};

pub const READ: Terms = Terms {
    isolation: Isolation::ReadCommitted,
    read_only: true,
    lock_timeout: Duration::from_secs(10),
    statement_timeout: Duration::from_secs(60),
    durable: false,
};

pub const WRITE: Terms = Terms { read_only: false, ..READ };
