//! The shell that stands between us and the server, and outlives us just long enough to tidy up.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::SUPERUSER;
use super::account::Account;
use crate::error::{Error, Result};

/// Runs in the server's directory as the server's user: `$1` programs, `$2` port, `$3` superuser.
/// `read` returns when the owner says `keep`, or with nothing when the owner is gone; an owner that
/// goes before the server is ready leaves a broken pipe, which must not end the shell.
const SCRIPT: &str = r#"
trap '' HUP INT PIPE
start() {
    if [ ! -e data/global/pg_control ]; then
        "$1/initdb" --pgdata=data --username="$3" --pwfile=password --auth=scram-sha-256 \
            --encoding=UTF8 --no-locale --no-sync && rm password &&
            cat settings.conf >>data/postgresql.conf || return
    fi
    "$1/pg_ctl" --pgdata=data --log=log --wait --timeout=120 --options="-c port=$2" start
}
: >start.log
if start "$@" >>start.log 2>&1; then echo ready; else echo failed; fi
word=
read -r word
"$1/pg_ctl" --pgdata=data --mode=immediate --wait stop >/dev/null 2>&1
[ "$word" = keep ] || { directory=$PWD; cd / && rm -rf "$directory"; }
"#;

/// How a start ended, when it did not end in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    Ready,
    PortTaken,
}

/// Which server.
pub struct Place<'p> {
    pub directory: &'p Path,
    pub binaries: &'p Path,
    pub port: u16,
}

pub struct Supervisor {
    shell: Child,
}

impl Supervisor {
    /// Starts the server (a new cluster first, if there is none) and waits until it takes
    /// connections. The inner `Err` says that another port, or a moment's patience, may help.
    pub fn spawn(
        place: &Place<'_>,
        account: &Account,
        environment: &[(String, String)],
    ) -> Result<std::result::Result<Self, Birth>> {
        let Place { directory, binaries, port } = *place;
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "reseal-supervisor"]).arg(binaries);
        command.args([&port.to_string(), SUPERUSER]).current_dir(directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Out of the terminal's foreground group: Ctrl-C is for us to answer.
        command.process_group(0).env("LC_ALL", "C");
        forget_client_settings(&mut command);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        account.assume(&mut command);
        let logged = fs::read(directory.join("log")).map_or(0, |log| log.len());
        let mut shell = command.spawn().map_err(|error| {
            Error::outside(format!("cannot start a shell for the throwaway server: {error}"))
        })?;
        let mut word = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout).read_line(&mut word).map_err(|error| {
                Error::outside(format!("the throwaway server's supervisor is gone: {error}"))
            })?;
        }
        let supervisor = Self { shell };
        if word.trim() == "ready" {
            return Ok(Ok(supervisor));
        }
        let log = read_log(directory, logged);
        supervisor.stop_and_keep_the_directory()?;
        if log.contains("Address already in use") {
            return Ok(Err(Birth::PortTaken));
        }
        Err(Error::outside("the throwaway server does not start")
            .at(binaries.display().to_string())
            .hint(format!("its last words:\n{}", last_lines(&log))))
    }

    /// Stops the server at once (`-m immediate`) and leaves its files for another start.
    pub fn stop_and_keep_the_directory(mut self) -> Result<()> {
        let told = match self.shell.stdin.take() {
            Some(mut stdin) => stdin.write_all(b"keep\n"),
            None => Ok(()),
        };
        told.and_then(|()| self.shell.wait()).map(|_| ()).map_err(|error| {
            Error::outside(format!("the throwaway server's supervisor is gone: {error}"))
        })
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Closing the pipe is the order to stop; nobody is left to hear of a failure.
        drop(self.shell.stdin.take());
        drop(self.shell.wait());
    }
}

/// `PGPORT`, `PGDATA` and their like are meant for another server.
fn forget_client_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
}

/// What the start said, and what the server has logged beyond its first `skip` bytes.
fn read_log(directory: &Path, skip: usize) -> String {
    let read = |name| fs::read(directory.join(name)).unwrap_or_default();
    let log = read("log");
    let fresh = [read("start.log"), log[skip.min(log.len())..].to_vec()].concat();
    String::from_utf8_lossy(&fresh).into_owned()
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
