//! A command stopped at a named point, for as long as a test wants it there.

use tempfile::TempDir;

use super::polling::eventually;
use super::reseal::{Reseal, Running};

/// Holds one command; let go when dropped.
pub struct Hold {
    directory: TempDir,
}

impl Hold {
    /// Starts the command and waits until it has come to `point`, such as `page-fetched@2`.
    pub async fn at(point: &str, command: Reseal) -> (Self, Running) {
        let hold = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        let path = hold.path();
        let order = format!("{point}=hold:{}", path.display());
        let mut running = command.env("RESEAL_FAILPOINT", order).spawn();
        eventually(point, async || {
            assert!(!running.has_ended() || path.exists(), "it ended before {point}");
            path.exists().then_some(())
        })
        .await;
        (hold, running)
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("held")
    }

    /// Lets the command go on.
    pub fn release(self) {
        std::fs::remove_file(self.path()).expect("the file that holds it");
    }
}
