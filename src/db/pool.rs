//! A bounded number of connections, shared by the workers.
//!
//! The pool is deadpool's; how a connection is made is ours (`connector`): which servers, which
//! encryption, and whether a pooler stands in between. A connection given back is not cleaned by
//! any query, since nothing is ever set for a session.

mod connector;

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
};

use super::error::{DatabaseError, Trouble};
use super::session::Session;
use super::url::Environment;
use crate::config::DatabaseConfig;
use crate::error::Error;
use connector::Connector;

/// How long a connection may take to say who it is.
const GREETING_MAX: Duration = Duration::from_secs(10);

/// The connections to one database. Cheap to clone; the clones share them.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    /// What the mark of every connection of this process begins with.
    mark_prefix: Arc<str>,
    application_name: Arc<str>,
    /// Host and port of the servers, for messages; no user and no password.
    place: Arc<str>,
}

impl Database {
    /// Reads the connection words (with libpq's PG* variables) and tries one connection.
    ///
    /// Wrong words, a refused password, database or certificate end in exit code 2; a server that
    /// cannot be reached, is starting up or has no connection left in 5, which is worth a retry.
    pub async fn connect(config: &DatabaseConfig) -> Result<Database, Error> {
        Self::connect_in(config, &|name| std::env::var(name).ok()).await
    }

    /// As [`connect`](Self::connect), with an environment of the caller's.
    pub async fn connect_in(
        config: &DatabaseConfig,
        environment: Environment<'_>,
    ) -> Result<Database, Error> {
        let target = config.target(environment)?;
        let names: Vec<&str> = target.servers.iter().map(|server| server.name.as_str()).collect();
        let place: Arc<str> = names.join(", ").into();
        let application_name: Arc<str> = target.application_name.as_str().into();
        let attempts =
            target.servers.iter().map(|server| target.tls.attempts(server.is_local).len());
        // Network and greeting each have the connect timeout, and so has every way that is tried.
        let ways = u32::try_from(attempts.sum::<usize>()).unwrap_or(u32::MAX).max(1);
        let create_timeout = target.connect_timeout.saturating_mul(ways).saturating_mul(2);
        let connector = Connector::new(target)?;
        let mark_prefix: Arc<str> = connector.mark_prefix().into();
        let manager = Manager::from_connect(
            tokio_postgres::Config::new(), // each server brings its own
            connector,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(config.max_connections.max(1))
            .create_timeout(Some(create_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| Error::bug("the connection pool has no runtime for its timeouts"))?;
        let database = Database { pool, mark_prefix, application_name, place };
        drop(database.session().await.map_err(|error| database.placed(error))?);
        Ok(database)
    }

    /// How many connections there may be at once.
    pub fn connections(&self) -> usize {
        self.pool.status().max_size
    }

    /// A connection of one's own; waits for one to be given back when all are in use.
    pub async fn session(&self) -> Result<Session, DatabaseError> {
        // Connections that died while nobody used them are passed over; a fresh one is not.
        loop {
            let client = self.pool.get().await.map_err(trouble)?;
            let is_fresh = Client::metrics(&client).recycle_count == 0;
            match self.open(client).await {
                Err(error) if error.trouble == Trouble::ConnectionLost && !is_fresh => {}
                settled => return settled,
            }
        }
    }

    async fn open(&self, client: Client) -> Result<Session, DatabaseError> {
        let opened = Session::open(client, &self.mark_prefix, Arc::clone(&self.application_name));
        tokio::time::timeout(GREETING_MAX, opened).await.unwrap_or_else(|_| Err(unreachable()))
    }

    fn placed(&self, error: DatabaseError) -> Error {
        let error = Error::from(error);
        if error.place.is_some() { error } else { error.at(&*self.place) }
    }
}

fn trouble(error: PoolError) -> DatabaseError {
    match error {
        PoolError::Backend(error) => DatabaseError::of_connecting(&error),
        PoolError::Timeout(_) => unreachable(),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            DatabaseError::new(Trouble::Bug, "the connection pool is not usable")
        }
    }
}

fn unreachable() -> DatabaseError {
    DatabaseError::new(Trouble::ConnectionLost, "the database does not answer in time")
        .hint("check host and port, that the server runs, and the network in between")
}
