//! Chromium without a screen: the document as it stands once its script has drawn it, or a picture of it.

use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

/// The names that it goes by.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Seconds; on a busy machine its start alone takes a while.
const DEADLINE: &str = "90";

/// What was seen.
pub struct Look {
    pub document: String,
}

/// What the system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// Opens a path and lets the page's clock run for three seconds. The page must not complain: neither
/// an error of its script nor anything that its policy forbids.
pub async fn look(address: SocketAddr, path: &str) -> Look {
    let output = chromium(address, path, &["--window-size=1280,1400", "--dump-dom"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    let complaints: Vec<&str> =
        complaints.into_iter().filter(|line| !line.contains("401 (Unauthorized)")).collect();
    assert!(complaints.is_empty(), "the page complains: {complaints:?}");
    let document = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(document.contains("</html>"), "no document: {document}\n{said}");
    Look { document }
}

/// A picture of a path, as PNG.
pub async fn picture(address: SocketAddr, path: &str, scheme: Scheme) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("picture.png");
    let to = format!("--screenshot={}", file.display());
    let mut words = vec![&*to, "--window-size=1180,1190", "--force-device-scale-factor=1.5"];
    words.push("--hide-scrollbars");
    if scheme == Scheme::Dark {
        words.push("--force-dark-mode");
    }
    let output = chromium(address, path, &words).await;
    let said = String::from_utf8_lossy(&output.stderr);
    std::fs::read(&file).unwrap_or_else(|_| panic!("no picture: {said}"))
}

async fn chromium(address: SocketAddr, path: &str, words: &[&str]) -> Output {
    let profile = tempfile::tempdir().expect("a directory");
    let mut chromium = Command::new("timeout");
    chromium
        .args(["--signal=KILL", DEADLINE, program()])
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--no-first-run", "--disable-background-networking", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--virtual-time-budget=3000")
        .args(words)
        .arg(format!("http://{address}{path}"))
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || chromium.output()).await;
    output.expect("no panic").expect("coreutils' timeout")
}

fn program() -> &'static str {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&str| std::env::split_paths(&path).any(|at| at.join(name).is_file());
    let found = PROGRAMS.into_iter().find(is_there);
    found.expect("Chromium: install it (Debian: apt-get install chromium), or scripts/browser does")
}
