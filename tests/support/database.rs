//! One throwaway server for a test process, and one fresh database for a test.

use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;

use reseal::demo::server::{SUPERUSER, ServerOptions, ThrowawayServer};
use tokio_postgres::{Client, NoTls};

/// The server that the tests of this process share; started by the first that asks. It goes with
/// the process, however that ends: its supervisor sees our end of the pipe close.
pub fn shared_server() -> &'static ThrowawayServer {
    static SERVER: OnceLock<ThrowawayServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = private_server(ServerOptions::default());
        if std::env::var_os("RESEAL_TEST_OPEN_TRANSACTION").is_some() {
            hold_a_transaction_open(&server.url("postgres"));
        }
        server
    })
}

/// From now on the oldest transaction of the server is this one, which has a number (as if it had
/// written) and touches nothing: what a test of another promise may do at any time.
fn hold_a_transaction_open(url: &str) {
    let (url, (begun, is_open)) = (url.to_owned(), channel());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let holder = connect(&url).await;
            let begin = "BEGIN; SELECT pg_current_xact_id()";
            holder.batch_execute(begin).await.expect("an open transaction");
            begun.send(()).expect("somebody waits");
            std::future::pending::<()>().await;
        });
    });
    is_open.recv().expect("an open transaction");
}

/// A server of one's own, for tests that crash it or need other settings.
pub fn private_server(options: ServerOptions) -> ThrowawayServer {
    let defaults = ServerOptions::default()
        .setting("wal_level", "logical")
        .setting("max_prepared_transactions", "10")
        .setting("max_connections", "200");
    ThrowawayServer::start(&defaults.and(options)).expect("a throwaway server")
}

/// Turns a server of one's own into a hot standby that follows nobody: read-only from now on.
pub fn become_standby(server: &mut ThrowawayServer) {
    server.crash().expect("the server stops");
    fs::write(server.data_directory().join("standby.signal"), "").expect("a signal file");
    server.start_again().expect("the server starts as a standby");
}

/// A hot standby that streams from `primary`, and is called `name` there.
pub fn streaming_standby(primary: &mut ThrowawayServer, name: &str) -> ThrowawayServer {
    primary.crash().expect("the primary stops");
    let words = format!(
        "host=127.0.0.1 port={} user={SUPERUSER} password={} application_name='{name}'",
        primary.port(),
        primary.password()
    );
    let options = ServerOptions::default().setting("primary_conninfo", &words);
    let mut standby = primary.copy(&options).expect("a copy of the primary");
    fs::write(standby.data_directory().join("standby.signal"), "").expect("a signal file");
    primary.start_again().expect("the primary starts");
    standby.start_again().expect("the standby starts");
    standby
}

/// An empty database with a name of its own; dropped at the end of the test.
pub struct TestDatabase {
    name: String,
    url: String,
    maintenance_url: String,
    /// Not on a copy of its server, which goes with it.
    is_dropped: bool,
}

impl TestDatabase {
    /// On the server that all tests of the process share.
    pub async fn create() -> Self {
        Self::create_on(shared_server()).await
    }

    pub async fn create_on(server: &ThrowawayServer) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let maintenance_url = server.url("postgres");
        connect(&maintenance_url)
            .await
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
            .await
            .expect("a new database");
        Self { url: server.url(&name), name, maintenance_url, is_dropped: true }
    }

    /// The same database on a copy of its server.
    #[must_use]
    pub fn on_copy(&self, server: &ThrowawayServer) -> Self {
        Self {
            url: server.url(&self.name),
            name: self.name.clone(),
            maintenance_url: server.url("postgres"),
            is_dropped: false,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// As the superuser, with the password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As another role of this server, which the test created `LOGIN PASSWORD …`.
    pub fn url_of(&self, role: &str, password: &str) -> String {
        let (_, rest) = self.url.split_once('@').expect("a URL with a password");
        format!("postgresql://{role}:{password}@{rest}")
    }

    /// A new connection as the superuser, driven by a task of the calling test's runtime.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }

    /// Runs statements on a connection of their own.
    pub async fn batch(&self, sql: &str) {
        self.client().await.batch_execute(sql).await.expect("the test's own SQL");
    }
}

impl Drop for TestDatabase {
    /// Best effort, and not worth a failure: the whole server goes soon. On a thread of its own,
    /// because a test's runtime cannot be waited for from inside.
    fn drop(&mut self) {
        if !self.is_dropped {
            return;
        }
        let url = self.maintenance_url.clone();
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                if let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
                    tokio::spawn(connection);
                    let _ = client.batch_execute(&statement).await;
                }
            });
            std::io::Result::Ok(())
        });
        let _ = dropping.join();
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("a connection to the throwaway server");
    tokio::spawn(connection);
    client
}
