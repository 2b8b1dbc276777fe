//! After the end: lingering, and what is pushed.

use super::support::http::{self, Service};
use super::support::{Outcome, Rotation, eventually};
use super::{METRICS, ended, held, lingering, lingering_run};

/// The group of the only push, and what was pushed.
fn pushed(gateway: &Service) -> (String, String) {
    let asked = gateway.asked();
    let [request] = asked.as_slice() else { panic!("{} requests", asked.len()) };
    let (head, body) = request.split_once("\r\n\r\n").expect("a request");
    let line = head.lines().next().expect("a line");
    let path = line.strip_prefix("PUT ").and_then(|line| line.strip_suffix(" HTTP/1.1"));
    assert!(head.to_lowercase().contains("content-type: text/plain; version=0.0.4"), "{head}");
    (path.expect("a PUT").to_owned(), body.to_owned())
}

async fn run_with_gateway(rotation: &Rotation, gateway: &str) -> Outcome {
    rotation.run().arg("--push-gateway").arg(gateway).run().await
}

#[tokio::test]
async fn it_lingers_with_its_outcome_until_it_is_told_to_end() {
    let rotation = Rotation::of(10).await;
    let (mut running, address) = lingering(lingering_run(&rotation)).await;
    let text = http::get(address, METRICS, &[]).await;
    assert_eq!(text.metric("reseal_run_state{state=\"completed\"}"), 1.0);
    assert!(!running.has_ended());
    let outcome = ended(running).await.expect(0);
    assert_eq!(outcome.json()["status"], "completed", "told before it lingers");
}

#[tokio::test]
async fn a_trouble_is_said_before_the_wait_and_keeps_its_exit_code() {
    let rotation = Rotation::of(10).await;
    let command = lingering_run(&rotation).arg("-c").arg("no_such_table.value:go");
    let (running, address) = lingering(command).await;
    assert!(running.stderr_so_far().contains("no_such_table"), "{}", running.stderr_so_far());
    assert_eq!(http::get(address, METRICS, &[]).await.status, 200);
    let outcome = ended(running).await.expect(3);
    assert_eq!(outcome.stderr.matches("no_such_table").count(), 1, "{}", outcome.stderr);
}

#[tokio::test]
async fn who_is_interrupted_does_not_linger() {
    let rotation = Rotation::of(300).await;
    let gateway = Service::answering("200 OK", "").await;
    let command = lingering_run(&rotation).arg("--push-gateway").arg(gateway.url());
    let (hold, running, _) = held("committed@2", command).await;
    running.signal("TERM");
    hold.release();
    running.wait().await.expect(4);
    let (_, body) = pushed(&gateway);
    assert!(body.contains("reseal_run_state{state=\"interrupted\"} 1"), "{body}");
}

#[tokio::test]
async fn who_is_told_to_end_while_the_last_is_done_does_not_linger() {
    let rotation = Rotation::of(10).await;
    let command = lingering_run(&rotation);
    let (hold, running, _) = held("keys-dropped", command).await;
    running.signal("TERM");
    eventually("the signal has come", async || {
        running.stderr_so_far().contains("asked to stop").then_some(())
    })
    .await;
    hold.release();
    running.wait().await.expect(0);
}

#[tokio::test]
async fn metrics_are_pushed_at_the_end_by_job_and_run() {
    let rotation = Rotation::of(10).await;
    let gateway = Service::answering("200 OK", "").await;
    run_with_gateway(&rotation, &format!("{}/prefix/", gateway.url())).await.expect(0);
    let (path, body) = pushed(&gateway);
    assert_eq!(path, "/prefix/metrics/job/reseal/run/1");
    assert!(body.contains("outcome=\"resealed\"} 10\n"), "{body}");
    assert!(body.contains("reseal_run_state{state=\"completed\"} 1\n"), "{body}");
    let metrics = body.lines().find_map(|line| line.strip_prefix("reseal_last_proof_timestamp"));
    assert!(metrics.is_some_and(|line| !line.ends_with(" 0")), "{body}");
}

#[tokio::test]
async fn a_run_that_failed_or_was_refused_is_pushed_too() {
    let rotation = Rotation::of(10).await;
    rotation.database.batch("UPDATE secrets SET value = 'x' WHERE id = 7").await;
    let gateway = Service::answering("202 Accepted", "").await;
    run_with_gateway(&rotation, &gateway.url()).await.expect(1);
    let (path, body) = pushed(&gateway);
    assert_eq!(path, "/metrics/job/reseal/run/1");
    assert!(body.contains("reseal_failed_records 1\n"), "{body}");
    let gateway = Service::answering("200 OK", "").await;
    let refused = rotation.run().arg("-c").arg("no_such_table.value:go");
    refused.arg("--push-gateway").arg(gateway.url()).run().await.expect(3);
    assert_eq!(pushed(&gateway).0, "/metrics/job/reseal/run/none");
    let gateway = Service::answering("200 OK", "").await;
    let verify = rotation.verify().arg("--push-gateway").arg(gateway.url());
    let verify = verify.env("RESEAL_PUSH_TOKEN", "0123456789abcdef-token");
    verify.run().await.expect(1);
    assert_eq!(pushed(&gateway).0, "/metrics/job/reseal/run/verify");
    let shown = "authorization: Bearer 0123456789abcdef-token";
    assert!(gateway.asked()[0].contains(shown), "{}", gateway.asked()[0]);
}

#[tokio::test]
async fn who_comes_late_leaves_the_pushed_metrics_as_they_are() {
    let rotation = Rotation::of(10).await;
    let gateway = Service::answering("200 OK", "").await;
    for processes in [1, 1] {
        let run = rotation.run().arg("--push-gateway").arg(gateway.url());
        run.env("RESEAL_RUN_TOKEN", "6f1c-uid").run().await.expect(0);
        assert_eq!(gateway.asked().len(), processes, "the run had ended");
    }
}

#[tokio::test]
async fn a_push_that_fails_is_a_warning() {
    let rotation = Rotation::of(10).await;
    let gateway = Service::answering("500 Internal Server Error", "").await;
    let outcome = run_with_gateway(&rotation, &gateway.url()).await.expect(0);
    assert!(outcome.stderr.contains("were not pushed: HTTP 500"), "{}", outcome.stderr);
    // a port that nobody listens on any more
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let outcome = run_with_gateway(&rotation, &nobody).await.expect(0);
    assert!(outcome.stderr.contains("no connection can be made"), "{}", outcome.stderr);
    for wrong in ["ftp://host/", "http://user:secret@host/", "host:9091/x y"] {
        let outcome = run_with_gateway(&rotation, wrong).await.expect(2);
        assert!(!outcome.stderr.contains("secret"), "{}", outcome.stderr);
    }
}
