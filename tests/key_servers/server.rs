//! Programs that `scripts/key-services` installs, as children that end with their test.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::eventually;

/// Where the script puts them.
pub fn installed(program: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/key-services/bin").join(program);
    assert!(path.is_file(), "{} is missing: make test-kms installs it", path.display());
    path
}

/// A server at work on a port of its own, with a home of its own.
pub struct Server {
    child: Child,
    pub home: TempDir,
    pub address: String,
}

impl Server {
    /// `arguments` are told the port.
    pub async fn start(program: &str, arguments: impl FnOnce(u16) -> Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let home = tempfile::tempdir().expect("a directory");
        let mut command = Command::new(installed(program));
        command.args(arguments(port)).env("HOME", home.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server starts");
        let address = format!("127.0.0.1:{port}");
        eventually("the server listens", async || {
            assert!(child.try_wait().expect("a child of ours").is_none(), "{program} has ended");
            TcpStream::connect(&address).ok()
        })
        .await;
        Self { child, home, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs a command to its end; what it printed on stdout, without the line's end.
#[track_caller]
pub fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}
