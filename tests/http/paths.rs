//! What each path answers.

use super::support::{Reseal, Rotation, eventually, http};
use super::{STATUS, ended, held, lingering, lingering_run, listening_run};

#[tokio::test]
async fn the_status_is_that_of_the_command_and_post_is_accepted_while_the_run_is_live() {
    let rotation = Rotation::of(300).await;
    let (hold, running, address) = held("committed@2", listening_run(&rotation)).await;
    let status = http::get(address, STATUS, &[]).await;
    assert_eq!(status.status, 200);
    assert_eq!(status.json(), rotation.status().await, "as reseal status says it");
    assert!(status.body.starts_with("{\"status\":\"running\",\"total_records\":"));
    assert_eq!(status.json()["step"], "reseal");
    let accepted = http::post(address, STATUS).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(accepted.json()["status"], "running");
    assert_eq!(accepted.json()["run_id"], 1);
    hold.release();
    running.wait().await.expect(0);
    assert!(http::ask(address, "GET", STATUS, &[]).await.is_none(), "nobody listens any more");
}

#[tokio::test]
async fn post_starts_nothing_and_names_the_command_that_does() {
    let rotation = Rotation::of(10).await;
    let (running, address) = lingering(lingering_run(&rotation)).await;
    let status = http::get(address, STATUS, &[]).await;
    assert_eq!(status.json()["status"], "completed");
    let refused = http::post(address, STATUS).await;
    assert_eq!(refused.status, 405);
    assert!(refused.head.contains("\r\nallow: get, head"), "{}", refused.head);
    let hint = refused.json()["hint"].as_str().expect("a hint").to_owned();
    assert!(hint.contains("reseal run") && hint.contains("kubectl create job"), "{hint}");
    ended(running).await.expect(0);
}

#[tokio::test]
async fn health_is_that_of_the_command() {
    let rotation = Rotation::of(10).await;
    let (running, address) = lingering(lingering_run(&rotation)).await;
    let alive = http::get(address, "/health/live", &[]).await;
    assert_eq!((alive.status, alive.body.as_str()), (200, "{\"status\":\"alive\"}"));
    let health = http::get(address, "/health/crypto", &[]).await;
    let command = Reseal::new("health").json().current_key(&rotation.new);
    let said = command.previous_keys(&[&rotation.old]).run().await.expect(0);
    assert_eq!((health.status, health.json()), (200, said.json()));
    assert_eq!(health.json()["dual_key_mode"], true);
    ended(running).await.expect(0);
}

#[tokio::test]
async fn keys_that_are_bad_are_told_as_such() {
    let rotation = Rotation::of(1).await;
    // the run is refused at once, and lingers
    let command = lingering_run(&rotation).env("ENCRYPTION_KEY", "short");
    let (running, address) = lingering(command).await;
    let health = http::get(address, "/health/crypto", &[]).await;
    assert_eq!(health.status, 503);
    assert_eq!(health.json()["status"], "unhealthy");
    assert_eq!(health.json()["checks"]["key_valid"], false);
    let status = http::get(address, STATUS, &[]).await;
    assert_eq!(status.status, 503, "it never connected");
    assert!(status.json()["error"].as_str().is_some_and(|text| text.contains("database")));
    ended(running).await.expect(2);
}

#[tokio::test]
async fn the_live_view_tells_progress_waits_and_failures() {
    let rotation = Rotation::of(200).await;
    rotation.database.batch("UPDATE secrets SET value = 'x' WHERE id IN (3, 4)").await;
    let command = lingering_run(&rotation).arg("--rows-per-second").arg("50");
    let mut running = command.spawn();
    let address = http::listening(&mut running).await;
    let live = eventually("a wait is told", async || {
        let live = http::get(address, "/v1/live", &[]).await.json();
        live["process"]["waiting"].is_object().then_some(live)
    })
    .await;
    assert_eq!(live["process"]["waiting"]["reason"], "rows_per_second");
    assert_eq!(live["expected"][0]["table"], "public.secrets");
    assert_eq!(live["command"], "run");
    let live = eventually("failures are told", async || {
        let live = http::get(address, "/v1/live", &[]).await.json();
        (live["failures"][0]["failures"] == 2).then_some(live)
    })
    .await;
    assert_eq!(live["failures"][0]["reason"], "malformed");
    eventually("progress is noted for the plot", async || {
        let live = http::get(address, "/v1/live", &[]).await.json();
        live["process"]["history"][0]["values"].is_u64().then_some(())
    })
    .await;
    drop(running);
}

#[tokio::test]
async fn the_page_may_do_nothing_but_ask_its_server() {
    let rotation = Rotation::of(1).await;
    let (running, address) = lingering(lingering_run(&rotation)).await;
    let page = http::get(address, "/", &[]).await;
    assert_eq!(page.status, 200);
    let policy = page.head.lines().find_map(|line| line.strip_prefix("content-security-policy: "));
    let policy = policy.expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for elsewhere in ["http://", "https://", "//cdn", "@import", "url("] {
        let others = page.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!others.contains(elsewhere), "{elsewhere}");
    }
    for answer in [page, http::get(address, STATUS, &[]).await] {
        assert!(answer.head.contains("cache-control: no-store"), "{}", answer.head);
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{}", answer.head);
    }
    assert_eq!(http::get(address, "/nowhere", &[]).await.status, 404);
    ended(running).await.expect(0);
}
