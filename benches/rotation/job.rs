//! The program itself as a child process, timed from its start to its end.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::table::{Keys, LAYOUT, connect};

/// How often the child and the ledger are looked at.
const POLL: Duration = Duration::from_millis(10);

pub struct Job {
    directory: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
    previous: String,
    workers: usize,
}

/// How long a `run` took.
pub struct Run {
    /// From the start of the process to its end.
    pub whole: Duration,
    /// From the start of the process until the ledger shows the second pass; planning is part of it.
    pub pass_1: Duration,
    pub peak_kib: u64,
}

pub struct Verify {
    pub took: Duration,
    pub peak_kib: u64,
}

impl Job {
    pub fn new(url: &str, keys: &Keys, workers: usize) -> Self {
        let directory = tempfile::TempDir::new().expect("a directory for reseal.toml");
        let toml = format!(
            "[[table]]\nname = \"t\"\nversion = \"version\"\n[table.columns]\nsecret = \"{LAYOUT}\"\n"
        );
        fs::write(directory.path().join("reseal.toml"), toml).expect("a configuration file");
        let environment =
            vec![("DATABASE_URL", url.to_owned()), ("ENCRYPTION_KEY", keys.new.clone())];
        Self { directory, environment, previous: keys.old.clone(), workers }
    }

    pub async fn run(&self, url: &str) -> Run {
        const PASS: &str = "SELECT max(pass) FROM reseal.run";
        let ledger = connect(url).await;
        let begun = Instant::now();
        let workers = self.workers.to_string();
        let mut child = self.start(&["run", "--workers", &workers], true);
        let (mut pass_1, mut peak_kib) = (None, 0);
        while !has_ended(&mut child) {
            peak_kib = peak(&child).unwrap_or(peak_kib);
            if pass_1.is_none() {
                // there is no ledger yet in the first moments
                let pass = ledger.query_one(PASS, &[]).await.ok();
                let pass = pass.and_then(|row| row.get::<_, Option<i32>>(0)).unwrap_or(0);
                pass_1 = (pass >= 2).then(|| begun.elapsed());
            }
            tokio::time::sleep(POLL).await;
        }
        let whole = begun.elapsed();
        Run { whole, pass_1: pass_1.unwrap_or(whole), peak_kib }
    }

    /// Another command, without a look at its ledger.
    pub async fn run_as(&self, words: &[&str]) -> Duration {
        let begun = Instant::now();
        let mut child = self.start(words, true);
        while !has_ended(&mut child) {
            tokio::time::sleep(POLL).await;
        }
        begun.elapsed()
    }

    /// Without the previous key.
    pub async fn verify(&self) -> Verify {
        let (begun, workers) = (Instant::now(), self.workers.to_string());
        let mut child = self.start(&["verify", "--workers", &workers], false);
        let mut peak_kib = 0;
        while !has_ended(&mut child) {
            peak_kib = peak(&child).unwrap_or(peak_kib);
            tokio::time::sleep(POLL).await;
        }
        Verify { took: begun.elapsed(), peak_kib }
    }

    fn start(&self, words: &[&str], with_previous: bool) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reseal"));
        command.args(words).env_clear().envs(self.environment.iter().cloned());
        if with_previous {
            command.env("ENCRYPTION_KEY_PREVIOUS", &self.previous);
        }
        command.current_dir(self.directory.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }
}

/// A run that does not end well is no measurement.
fn has_ended(child: &mut Child) -> bool {
    match child.try_wait().expect("a child of ours") {
        Some(status) => {
            assert!(status.success(), "the job ended with {status}");
            true
        }
        None => false,
    }
}

/// The most memory it has had so far, in KiB, as the kernel counts (VmHWM of proc(5)).
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
