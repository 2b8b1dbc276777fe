//! A bounded number of connections, shared by the workers.
use super::error::DatabaseError;
use super::session::Session;
use super::url::DatabaseConfig;
use crate::error::Error;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_postgres::NoTls;

/// The connections to one database.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    all_direct: Arc<AtomicBool>,
}

impl Database {
    /// Tries one connection.
    pub async fn connect(config: &DatabaseConfig) -> Result<Database, Error> {
        let url = config.url.as_ref().map_or("", |url| url.reveal());
        let words: tokio_postgres::Config =
            url.parse().map_err(|_| Error::usage("the database URL is malformed"))?;
        let manager = Manager::from_config(
            words,
            NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(config.max_connections)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(Duration::from_secs(10)))
            .build()
            .map_err(|_| Error::bug("no pool"))?;
        let database = Database { pool, all_direct: Arc::new(AtomicBool::new(true)) };
        drop(database.session().await?);
        Ok(database)
    }

    /// A connection of its own; waits for one to be given back when all are in use.
    pub async fn session(&self) -> Result<Session, DatabaseError> {
        let client = self
            .pool
            .get()
            .await
            .map_err(|_| DatabaseError::new(super::Trouble::ConnectionLost, "x"))?;
        Session::open(client, "", "reseal".into(), self.all_direct.clone()).await
    }

    /// Whether every connection so far is proven to reach the server itself.
    pub fn is_direct(&self) -> bool {
        self.all_direct.load(Ordering::Relaxed)
    }
}
