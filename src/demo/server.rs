//! A throwaway PostgreSQL server: started from installed binaries, gone without a trace afterwards.
//!
//! The server lives under a supervising shell that holds the reading end of a pipe. When the owner
//! drops the server, panics, or is killed with no chance to tidy up, the pipe closes, and the shell
//! stops the server and removes its directory. Nothing here knows of keys, tables or tokio; the
//! integration tests use it as well as `reseal demo`.
//!
//! The server forgoes fsync: it survives a crash of its processes, not one of the machine.

mod account;
mod binaries;
mod directory;
mod supervisor;

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use account::Account;
pub use binaries::find_binaries;
use directory::ServerDirectory;
use supervisor::{Birth, Place, Supervisor};

use crate::error::{Error, Result};

/// The role that owns the throwaway server.
pub const SUPERUSER: &str = "postgres";

/// How often another port is tried when somebody took the one the system had just given us.
const PORT_ATTEMPTS_MAX: usize = 5;

/// How long a restarted server may find its port still taken.
const PORT_RETURN_MAX: Duration = Duration::from_secs(20);

/// What the caller wants of a server beyond the defaults.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    settings: Vec<(String, String)>,
    environment: Vec<(String, String)>,
}

impl ServerOptions {
    /// A line for `postgresql.conf`; the last one of a name wins.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A variable of the environment that the server's processes get.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// These options, and then the others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.settings.extend(others.settings);
        self.environment.extend(others.environment);
        self
    }
}

/// A running (or just now crashed) server of our own; stopped and removed when dropped.
pub struct ThrowawayServer {
    // Declared first: the server stops before its directory goes.
    supervisor: Option<Supervisor>,
    directory: ServerDirectory,
    account: Account,
    binaries: PathBuf,
    port: u16,
    password: String,
    environment: Vec<(String, String)>,
}

impl ThrowawayServer {
    /// Makes a new cluster in a temporary directory and starts it; takes two or three seconds.
    pub fn start(options: &ServerOptions) -> Result<Self> {
        let binaries = find_binaries()?;
        let account = Account::for_server()?;
        let directory = ServerDirectory::create(&account)?;
        let password = random_hex()?;
        directory.write("password", &password)?;
        directory.write("settings.conf", &settings_file(&directory, options))?;
        let environment = options.environment.clone();
        let mut server =
            Self { supervisor: None, directory, account, binaries, port: 0, password, environment };
        for _ in 0..PORT_ATTEMPTS_MAX {
            server.port = free_port()?;
            if server.spawn()? == Birth::Ready {
                return Ok(server);
            }
        }
        Err(Error::outside("no free port for the throwaway server")
            .at(format!("127.0.0.1, tried {PORT_ATTEMPTS_MAX} ports given by the system")))
    }

    /// A stopped server with a copy of this one's files, which must be stopped as well; its settings
    /// are this one's, and then `options`. [`start_again`](Self::start_again) starts it.
    pub fn copy(&self, options: &ServerOptions) -> Result<Self> {
        let directory = ServerDirectory::create(&self.account)?;
        let trouble = |error: std::io::Error| {
            Error::outside(format!("cannot copy the throwaway server: {error}"))
        };
        let mut copying = Command::new("cp");
        copying.arg("-a").arg(self.data_directory()).arg(directory.path());
        let status = copying.status().map_err(trouble)?;
        if !status.success() {
            return Err(trouble(std::io::Error::other(status.to_string())));
        }
        let configuration = directory.path().join("data/postgresql.conf");
        let mut file = fs::OpenOptions::new().append(true).open(configuration).map_err(trouble)?;
        file.write_all(settings_file(&directory, options).as_bytes()).map_err(trouble)?;
        Ok(Self {
            supervisor: None,
            directory,
            account: self.account,
            binaries: self.binaries.clone(),
            port: free_port()?,
            password: self.password.clone(),
            environment: options.environment.clone(),
        })
    }

    /// Where a client connects over TCP, the password included.
    pub fn url(&self, database: &str) -> String {
        self.url_of(SUPERUSER, &self.password, database)
    }

    /// As [`Self::url`], for a role that the caller created.
    pub fn url_of(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgresql://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Where a client connects through the server's Unix socket.
    pub fn socket_url(&self, database: &str) -> String {
        let host = self.directory.path().display().to_string().replace('/', "%2F");
        format!("postgresql://{SUPERUSER}:{}@{host}:{}/{database}", self.password, self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn password(&self) -> &str {
        &self.password
    }

    /// The directory with socket, log and data, in which the caller may put files of its own.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The cluster's data directory.
    pub fn data_directory(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Where `postgres`, `initdb` and `pg_ctl` were found.
    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.directory.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The process id of the postmaster while it runs.
    pub fn postgres_pid(&self) -> Option<u32> {
        let file = fs::read_to_string(self.data_directory().join("postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// Stops the server as a crash would (`-m immediate`: no checkpoint, sessions cut off).
    pub fn crash(&mut self) -> Result<()> {
        match self.supervisor.take() {
            Some(supervisor) => supervisor.stop_and_keep_the_directory(),
            None => Ok(()),
        }
    }

    /// Starts a crashed server again, at the same port, and waits for its recovery.
    pub fn start_again(&mut self) -> Result<()> {
        let deadline = Instant::now() + PORT_RETURN_MAX;
        while self.supervisor.is_none() {
            if self.spawn()? == Birth::PortTaken && Instant::now() > deadline {
                return Err(Error::outside("the throwaway server's port was taken meanwhile")
                    .at(format!("127.0.0.1:{}", self.port)));
            }
        }
        Ok(())
    }

    fn spawn(&mut self) -> Result<Birth> {
        let directory = self.directory.path();
        let place = Place { directory, binaries: &self.binaries, port: self.port };
        match Supervisor::spawn(&place, &self.account, &self.environment)? {
            Ok(supervisor) => {
                self.supervisor = Some(supervisor);
                Ok(Birth::Ready)
            }
            Err(birth) => Ok(birth),
        }
    }
}

/// Without the password.
impl fmt::Debug for ThrowawayServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrowawayServer")
            .field("directory", &self.directory.path())
            .field("port", &self.port)
            .field("running", &self.supervisor.is_some())
            .finish_non_exhaustive()
    }
}

/// `postgresql.conf` takes the last line of a name, so the caller's come last.
fn settings_file(directory: &ServerDirectory, options: &ServerOptions) -> String {
    let socket_directory = directory.path().display().to_string();
    let ours = [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", socket_directory.as_str()),
        ("fsync", "off"),
        ("full_page_writes", "off"),
    ];
    let theirs = options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut file = String::new();
    for (name, value) in ours.into_iter().chain(theirs) {
        file.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
    }
    file
}

/// A port that was free a moment ago; somebody may take it before the server does.
fn free_port() -> Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Error::outside(format!("no free port: {error}")).at("127.0.0.1"))
}

/// 128 random bits as 32 hex digits: good for names and for passwords inside a URL.
fn random_hex() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::outside(format!("the operating system gives no random bytes: {error}"))
    })?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
