//! A real PgBouncer in transaction mode, between the program and a server of one's own.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reseal::demo::server::{SUPERUSER, ThrowawayServer};
use tokio_postgres::{Client, NoTls};

use super::polling::eventually;

/// Where packages put it; an ordinary user's `PATH` often lacks the first.
const DIRECTORIES: [&str; 4] =
    ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/// Ends PgBouncer when the test is done or gone: `read` returns when the pipe closes.
const SCRIPT: &str = r#""$1" --quiet "$2" & read -r word; kill -KILL $!"#;

/// A running PgBouncer; gone when dropped. Its files lie in the server's directory.
pub struct PgBouncer {
    shell: Child,
    port: u16,
    server_port: u16,
}

impl PgBouncer {
    /// Before this server, with so many server connections for each role and database. `roles` are
    /// those that may come besides the superuser, with their passwords.
    pub async fn before(server: &ThrowawayServer, pool_size: u32, roles: &[(&str, &str)]) -> Self {
        let program = program();
        let owner = fs::metadata(server.data_directory()).expect("a data directory");
        let give = |name: &str, text: &str| {
            let path = server.directory().join(name);
            let mut file = fs::File::create(&path).expect("a file");
            file.write_all(text.as_bytes()).expect("a file");
            chown(&path, Some(owner.uid()), Some(owner.gid())).expect("an owner");
            path
        };
        let users = std::iter::once((SUPERUSER, server.password())).chain(roles.iter().copied());
        let users = users.map(|(role, password)| format!("\"{role}\" \"{password}\"\n"));
        let users = give("pgbouncer.users", &users.collect::<String>());
        let port = free_port();
        let settings = settings(server, port, pool_size, &users);
        let settings = give("pgbouncer.ini", &settings);
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "pgbouncer"]).arg(program).arg(settings);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // it does not run as root
        command.uid(owner.uid()).gid(owner.gid()).current_dir(server.directory());
        let shell = command.spawn().expect("a shell");
        let pgbouncer = Self { shell, port, server_port: server.port() };
        let url = pgbouncer.url(&server.url("postgres"));
        eventually("PgBouncer takes connections", async || {
            tokio_postgres::connect(&url, NoTls).await.ok().map(drop)
        })
        .await;
        pgbouncer
    }

    /// The same URL, through PgBouncer.
    pub fn url(&self, direct: &str) -> String {
        direct.replace(&format!(":{}/", self.server_port), &format!(":{}/", self.port))
    }

    /// A client of its own, as an application would come.
    pub async fn client(&self, direct: &str) -> Client {
        let url = self.url(direct);
        let (client, connection) =
            tokio_postgres::connect(&url, NoTls).await.expect("a connection through PgBouncer");
        tokio::spawn(connection);
        client
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn settings(server: &ThrowawayServer, port: u16, pool_size: u32, users: &Path) -> String {
    let (directory, server_port) = (server.directory().display(), server.port());
    let users = users.display();
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={server_port}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         logfile = {directory}/pgbouncer.log\n\
         auth_type = scram-sha-256\n\
         auth_file = {users}\n\
         pool_mode = transaction\n\
         default_pool_size = {pool_size}\n\
         server_login_retry = 1\n"
    )
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(DIRECTORIES.map(PathBuf::from));
    directories
        .map(|directory| directory.join("pgbouncer"))
        .find(|program| program.is_file())
        .expect("pgbouncer is installed: `make test-environments` sees to that")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
