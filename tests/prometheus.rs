//! What Prometheus itself says of the metrics, and a real Pushgateway that takes them.
#![cfg(feature = "environments")]
#![allow(clippy::panic, reason = "a test that fails may say so by a panic")]

mod support;

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use support::{Hold, Rotation, eventually, http};

/// `promtool check metrics`: whether it can be read, and whether names, types and help are as they should
/// be. It answers nothing when it has nothing to say.
fn promtool(metrics: &str) -> String {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool: install it (Debian: apt-get install prometheus)");
    let mut stdin = promtool.stdin.take().expect("a pipe");
    stdin.write_all(metrics.as_bytes()).expect("a reader");
    drop(stdin);
    let output = promtool.wait_with_output().expect("a child of ours");
    let said = [output.stdout, output.stderr].concat();
    format!("{}{}", String::from_utf8_lossy(&said), output.status.code().unwrap_or(-1))
}

#[tokio::test]
async fn promtool_has_nothing_to_say() {
    assert_ne!(promtool("# TYPE bad_total gauge\nbad_total 1\n"), "0", "it does judge");
    let rotation = Rotation::of(300).await;
    rotation.database.batch("UPDATE secrets SET value = 'x' WHERE id = 7").await;
    let command = rotation.run().arg("--listen").arg("127.0.0.1:0").arg("--linger").arg("1h");
    let (hold, mut running) = Hold::at("committed@2", command).await;
    let address = http::listening(&mut running).await;
    assert_eq!(promtool(&http::get(address, "/metrics", &[]).await.body), "0", "in mid-run");
    hold.release();
    let ended = eventually("the run has ended", async || {
        let text = http::get(address, "/metrics", &[]).await;
        let state = "reseal_run_state{state=\"completed_with_failures\"}";
        (text.metric(state) == 1.0).then_some(text)
    })
    .await;
    assert_eq!(promtool(&ended.body), "0", "at the end");
}

/// Debian's Pushgateway; gone when dropped.
struct Gateway {
    child: Child,
    address: SocketAddr,
}

impl Gateway {
    async fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = free.local_addr().expect("an address");
        drop(free);
        let program = ["prometheus-pushgateway", "pushgateway"].into_iter().find_map(|program| {
            Command::new(program)
                .arg(format!("--web.listen-address={address}"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok()
        });
        let child =
            program.expect("a Pushgateway (Debian: apt-get install prometheus-pushgateway)");
        let gateway = Self { child, address };
        eventually("the Pushgateway is ready", async || {
            http::ask(address, "GET", "/-/ready", &[]).await.filter(|answer| answer.status == 200)
        })
        .await;
        gateway
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_real_pushgateway_takes_them() {
    let gateway = Gateway::start().await;
    let rotation = Rotation::of(20).await;
    for _ in 0..2 {
        let run = rotation.run().arg("--push-gateway").arg(format!("http://{}", gateway.address));
        let outcome = run.run().await.expect(0);
        assert!(!outcome.stderr.contains("not pushed"), "{}", outcome.stderr);
    }
    let verify = rotation.verify().arg("--push-gateway").arg(format!("http://{}", gateway.address));
    verify.run().await.expect(0);
    let held = http::get(gateway.address, "/metrics", &[]).await;
    for run in ["1", "2", "verify"] {
        let labels = format!("instance=\"\",job=\"reseal\",run=\"{run}\"");
        let state = format!("reseal_run_state{{{labels},state=\"completed\"}}");
        assert_eq!(held.metric(&state), 1.0);
        let proof = held.metric(&format!("reseal_last_proof_timestamp_seconds{{{labels}}}"));
        assert!(proof > 1.7e9, "{proof}");
    }
}
