//! The real binary as a child process: clean environment, own directory, and always an end.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::polling::{DEADLINE, INTERVAL};
use super::{TestDatabase, TestKey};

/// A command line in the making.
#[derive(Clone)]
pub struct Reseal {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    config: Option<String>,
    deadline: Duration,
}

impl Reseal {
    /// `words` as typed, split at spaces: `Reseal::new("run --workers 1")`.
    pub fn new(words: &str) -> Self {
        Self {
            program: binary(),
            arguments: words.split_whitespace().map(OsString::from).collect(),
            environment: Vec::new(),
            config: None,
            deadline: DEADLINE,
        }
    }

    /// Another program, in the same surroundings.
    #[must_use]
    pub fn program(self, program: impl Into<OsString>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// Against this database, through `DATABASE_URL`.
    #[must_use]
    pub fn on(self, database: &TestDatabase) -> Self {
        self.env("DATABASE_URL", database.url())
    }

    /// `ENCRYPTION_KEY`.
    #[must_use]
    pub fn current_key(self, key: &TestKey) -> Self {
        self.env("ENCRYPTION_KEY", key.hex())
    }

    /// `ENCRYPTION_KEY_PREVIOUS`; several are joined by commas.
    #[must_use]
    pub fn previous_keys(self, keys: &[&TestKey]) -> Self {
        let joined = keys.iter().map(|key| key.hex()).collect::<Vec<_>>().join(",");
        self.env("ENCRYPTION_KEY_PREVIOUS", joined)
    }

    /// One more argument, spaces and all.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// The text of `reseal.toml`, found through `RESEAL_CONFIG`.
    #[must_use]
    pub fn config(mut self, toml: impl Into<String>) -> Self {
        self.config = Some(toml.into());
        self
    }

    /// `--output json`.
    #[must_use]
    pub fn json(self) -> Self {
        self.arg("--output").arg("json")
    }

    /// When to give up on it, killing it and failing the test.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it to its end.
    pub async fn run(self) -> Outcome {
        self.spawn().wait().await
    }

    /// Starts it; what is dropped unfinished is killed.
    pub fn spawn(self) -> Running {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = |name| File::create(directory.path().join(name)).expect("an output file");
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().current_dir(directory.path());
        command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
        if let Some(toml) = &self.config {
            let path = directory.path().join("test.toml");
            fs::write(&path, toml).expect("a configuration file");
            command.env("RESEAL_CONFIG", path);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let child = command.spawn().expect("the binary under test starts");
        let words = self.arguments.join(" ".as_ref()).to_string_lossy().into_owned();
        Running { child, directory, words, deadline: Instant::now() + self.deadline }
    }
}

/// The program under test: this build's, or another one's, say one that was broken on purpose.
fn binary() -> OsString {
    std::env::var_os("RESEAL_TEST_BINARY").unwrap_or(env!("CARGO_BIN_EXE_reseal").into())
}

/// The command at work.
pub struct Running {
    child: Child,
    directory: TempDir,
    words: String,
    deadline: Instant,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_some()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of ours");
    }

    /// A signal by its name: `TERM`, `INT`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &self.id().to_string()])
            .status()
            .expect("a shell");
        assert!(status.success(), "kill -s {name} failed");
    }

    /// What it has printed on stderr so far.
    pub fn stderr_so_far(&self) -> String {
        self.printed("stderr")
    }

    /// Waits for its end, or kills it at the deadline and fails the test.
    pub async fn wait(mut self) -> Outcome {
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return Outcome {
                    words: self.words.clone(),
                    code: status.code(),
                    signal: status.signal(),
                    stdout: self.printed("stdout"),
                    stderr: self.printed("stderr"),
                };
            }
            if Instant::now() > self.deadline {
                self.kill();
                let (stdout, stderr) = (self.printed("stdout"), self.printed("stderr"));
                panic!("reseal {} did not end\n{stdout}\n{stderr}", self.words);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn printed(&self, name: &str) -> String {
        let bytes = fs::read(self.directory.path().join(name)).expect("an output file");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a command ended and all it printed.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub words: String,
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Fails the test, showing everything, unless it ended with this exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "reseal {} (signal {:?})\n--- stdout\n{}--- stderr\n{}",
            self.words,
            self.signal,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The last line of stdout that is not empty, as JSON (a pretty-printed document works too).
    #[track_caller]
    pub fn json(&self) -> Value {
        let whole = self.stdout.trim();
        let last = whole.lines().last().unwrap_or_default();
        serde_json::from_str(whole).or_else(|_| serde_json::from_str(last)).unwrap_or_else(
            |error| panic!("reseal {}: not JSON ({error})\n{whole}\n{}", self.words, self.stderr),
        )
    }

    /// Both streams, for searches.
    pub fn printed(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}
