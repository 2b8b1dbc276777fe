//! This very executable as a child process: an operator's words in, exit code and output back.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::application::DemoKey;
use crate::error::{Error, ExitCode, Result};

/// Far beyond what any command of the demo takes.
const TIME_MAX: Duration = Duration::from_secs(600);

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Where and with what the commands run.
pub struct Shell {
    executable: PathBuf,
    directory: PathBuf,
    database_url: String,
}

/// What the environment of a command holds.
#[derive(Clone, Copy)]
pub struct KeyVariables<'a> {
    pub current: &'a DemoKey,
    pub previous: Option<&'a DemoKey>,
}

impl Shell {
    /// `directory` holds `reseal.toml`.
    pub fn new(directory: &Path, database_url: String) -> Result<Self> {
        let executable = env::current_exe()
            .map_err(|error| Error::outside(format!("cannot find this program's file: {error}")))?;
        Ok(Self { executable, directory: directory.to_owned(), database_url })
    }

    /// Starts `reseal` with these words, split at spaces; `None` starts it without any key.
    pub fn start(&self, words: &str, keys: Option<KeyVariables<'_>>) -> Result<Running> {
        let started = Instant::now();
        let name = words.replace(' ', "");
        let outputs = ["out", "err"].map(|end| self.directory.join(format!("{name}.{end}")));
        let open = |path: &PathBuf| File::create(path).map_err(|error| io_trouble(&error));
        let mut command = Command::new(&self.executable);
        command.args(words.split(' ')).env_clear().current_dir(&self.directory);
        command.env("DATABASE_URL", &self.database_url);
        if let Some(keys) = keys {
            command.env("ENCRYPTION_KEY", keys.current.hex());
        }
        if let Some(previous) = keys.and_then(|keys| keys.previous) {
            command.env("ENCRYPTION_KEY_PREVIOUS", previous.hex());
        }
        command.stdin(Stdio::null()).stdout(open(&outputs[0])?).stderr(open(&outputs[1])?);
        let child = command.spawn().map_err(|error| io_trouble(&error))?;
        Ok(Running { child, outputs, words: words.to_owned(), started })
    }

    /// Runs `reseal` with these words to its end.
    pub async fn run(&self, words: &str, keys: KeyVariables<'_>) -> Result<Ended> {
        self.start(words, Some(keys))?.ended().await
    }

    /// A new key from `reseal generate-key`.
    pub async fn generate_key(&self) -> Result<DemoKey> {
        let ended = self.start("generate-key", None)?.ended().await?.expect(ExitCode::Done)?;
        DemoKey::from_printed(&ended.stdout)
            .ok_or_else(|| Error::bug("what it printed is not a key").at("reseal generate-key"))
    }
}

/// A command at work; killed when dropped.
pub struct Running {
    child: Child,
    outputs: [PathBuf; 2],
    words: String,
    started: Instant,
}

impl Running {
    /// `kill -9`, unless it has ended by itself; then how.
    pub fn kill(&mut self) -> Result<Option<ExitStatus>> {
        let ended = self.child.try_wait().map_err(|error| io_trouble(&error))?;
        if ended.is_none() {
            self.child
                .kill()
                .and_then(|()| self.child.wait())
                .map_err(|error| io_trouble(&error))?;
        }
        Ok(ended)
    }

    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait().map_err(|error| io_trouble(&error))?.is_some())
    }

    pub async fn ended(mut self) -> Result<Ended> {
        loop {
            if let Some(status) = self.child.try_wait().map_err(|error| io_trouble(&error))? {
                let read = |path: &PathBuf| -> Result<String> {
                    let bytes = fs::read(path).map_err(|error| io_trouble(&error))?;
                    Ok(String::from_utf8_lossy(&bytes).into_owned())
                };
                return Ok(Ended {
                    words: self.words.clone(),
                    code: status.code(),
                    stdout: read(&self.outputs[0])?,
                    stderr: read(&self.outputs[1])?,
                    took: self.started.elapsed(),
                });
            }
            if self.started.elapsed() > TIME_MAX {
                return Err(Error::bug(format!("did not end within {} s", TIME_MAX.as_secs()))
                    .at(format!("reseal {}", self.words)));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Most likely it has ended long ago; there is nobody to tell of a failure.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How a command ended.
pub struct Ended {
    pub words: String,
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Ended {
    /// Its standard output as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(self.stdout.trim()).map_err(|error| {
            Error::bug(format!("what it printed is not JSON: {error}"))
                .at(format!("reseal {}", self.words))
        })
    }
}

fn io_trouble(error: &std::io::Error) -> Error {
    Error::outside(format!("cannot run a command of the demo: {error}"))
}
