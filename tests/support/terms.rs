//! Connections and terms of transactions for tests that do not care.

use std::time::Duration;

use reseal::config::{DatabaseConfig, DatabaseUrl};
use reseal::db::pool::Database;
use reseal::db::session::{Isolation, Terms};

pub const READ: Terms = Terms {
    isolation: Isolation::ReadCommitted,
    read_only: true,
    lock_timeout: Duration::from_secs(10),
    statement_timeout: Duration::from_secs(60),
    idle_timeout: Duration::from_secs(60),
    durable: false,
};

pub const WRITE: Terms = Terms { read_only: false, ..READ };

/// With an empty environment: no PG* variables, no ~/.postgresql.
pub async fn connect(url: &str, max_connections: usize) -> Database {
    let config = DatabaseConfig { url: Some(DatabaseUrl::new(url)), max_connections };
    Database::connect_in(&config, &|_| None).await.expect("a connection")
}
