//! A signal while a key service has a key in hand.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{TestKey, Vault, eventually};

/// It hears the connection, and never answers.
#[tokio::test]
async fn a_signal_ends_the_wait_for_a_service_that_is_silent() {
    let vault = Vault::with_rows(1).await;
    let directory = tempfile::tempdir().expect("a directory");
    let wrapped = directory.path().join("dek");
    std::fs::write(&wrapped, format!("vault:v1:{}", TestKey::random().hex())).expect("a file");
    let key =
        format!("{{ kms = \"hashivault://orders\", wrapped = \"file:{}\" }}", wrapped.display());
    for command in ["run -c secrets.secret:go", "verify -c secrets.secret:go"] {
        // one for each command: the connections of the one before are nothing that this one has asked
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        silent.set_nonblocking(true).expect("no wait");
        let address = silent.local_addr().expect("an address");
        let run =
            vault.command(command).config(format!("[keys]\ncurrent = {key}\nprevious = []\n"));
        let run = run.env("VAULT_ADDR", format!("http://{address}")).env("VAULT_TOKEN", "x");
        let running = run.spawn();
        let _held = eventually("it asks", async || silent.accept().ok()).await;
        running.signal("TERM");
        let begun = Instant::now();
        let outcome = running.wait().await.expect(4);
        assert!(begun.elapsed() < Duration::from_secs(5), "{command}: {:?}", begun.elapsed());
        assert!(outcome.stderr.contains("interrupted"), "{}", outcome.stderr);
    }
}
