//! Every metric moves, and none says more than it should.

use super::support::{Failpoints, Rotation, eventually, http, shared_server};
use super::{METRICS, ended, held, lingering, lingering_run};

const RECORDS: &str = "reseal_records_total{table=\"public.secrets\",column=\"value\",outcome=";

fn records(outcome: &str) -> String {
    format!("{RECORDS}\"{outcome}\"}}")
}

#[tokio::test]
async fn a_run_moves_them_from_its_start_to_its_proof() {
    let rotation = Rotation::of(300).await;
    let command = lingering_run(&rotation);
    let (hold, mut running, address) = held("committed@2", command).await;
    let text = http::get(address, METRICS, &[]).await;
    assert!(text.head.contains("content-type: text/plain; version=0.0.4"), "{}", text.head);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(text.metric(&format!("reseal_build_info{{version=\"{version}\"}}")), 1.0);
    assert_eq!(text.metric("reseal_run_state{state=\"running\"}"), 1.0);
    assert_eq!(text.metric("reseal_run_state{state=\"completed\"}"), 0.0);
    assert_eq!(text.metric(&records("resealed")), 100.0, "the second page is not told yet");
    assert_eq!(text.metric("reseal_page_seconds_count"), 1.0);
    assert!(text.metric("reseal_remaining_records") > 0.0);
    assert_eq!(text.metric("reseal_last_proof_timestamp_seconds"), 0.0);
    hold.release();
    eventually("the run has ended", async || {
        let text = http::get(address, METRICS, &[]).await;
        (text.metric("reseal_run_state{state=\"completed\"}") == 1.0).then_some(())
    })
    .await;
    let text = http::get(address, METRICS, &[]).await;
    assert_eq!(text.metric(&records("resealed")), 300.0);
    assert_eq!(text.metric(&records("current")), 300.0, "the proof meets each once more");
    assert_eq!(text.metric(&records("failed")), 0.0);
    assert_eq!(text.metric("reseal_run_state{state=\"running\"}"), 0.0);
    assert_eq!(text.metric("reseal_remaining_records"), 0.0);
    assert!(text.metric("reseal_last_proof_timestamp_seconds") > 1.7e9);
    assert!(!running.has_ended());
    ended(running).await.expect(0);
}

#[tokio::test]
async fn failures_are_counted() {
    let rotation = Rotation::of(50).await;
    rotation.database.batch("UPDATE secrets SET value = 'x' WHERE id = 7").await;
    let (running, address) = lingering(lingering_run(&rotation)).await;
    let text = http::get(address, METRICS, &[]).await;
    assert_eq!(text.metric("reseal_failed_records"), 1.0);
    assert_eq!(text.metric(&records("failed")), 2.0, "in the pass and in the proof");
    assert_eq!(text.metric("reseal_run_state{state=\"completed_with_failures\"}"), 1.0);
    assert_eq!(text.metric("reseal_last_proof_timestamp_seconds"), 0.0);
    ended(running).await.expect(1);
}

#[tokio::test]
async fn what_the_application_wins_is_a_conflict() {
    let rotation = Rotation::of(50).await;
    let points = Failpoints::hold("page-fetched");
    let mut running = points.on(lingering_run(&rotation)).spawn();
    points.reached("page-fetched", &mut running).await;
    rotation.database.batch("UPDATE secrets SET writes = writes WHERE id <= 3").await;
    points.release("page-fetched");
    let address = http::listening(&mut running).await;
    let text = eventually("the run has ended", async || {
        let text = http::get(address, METRICS, &[]).await;
        (text.metric("reseal_run_state{state=\"completed\"}") == 1.0).then_some(text)
    })
    .await;
    assert_eq!(text.metric("reseal_conflicts_total"), 3.0);
    assert_eq!(text.metric(&records("conflict")), 3.0);
    assert_eq!(text.metric(&records("resealed")), 50.0, "the walk resealed them");
    ended(running).await.expect(0);
}

#[tokio::test]
async fn what_is_done_again_is_told_by_its_kind() {
    let rotation = Rotation::of(200).await;
    let raising = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
            IF NEW.id = 20 THEN RAISE check_violation; END IF;
            IF NEW.id = 150 THEN PERFORM pg_sleep(30); END IF;
            RETURN NEW; END$$;
        CREATE TRIGGER refuse BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION refuse()";
    rotation.database.batch(raising).await;
    let held_row = rotation.client().await;
    held_row.batch_execute("BEGIN; SELECT FROM secrets WHERE id = 90 FOR UPDATE").await.unwrap();
    let points = Failpoints::hold("page-fetched");
    let mut running = points.on(lingering_run(&rotation)).spawn();
    points.reached("page-fetched", &mut running).await;
    let name = rotation.database.name();
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = '{name}' AND application_name LIKE 'reseal%'"
    );
    rotation.client().await.batch_execute(&end).await.unwrap();
    points.release("page-fetched");
    let address = http::listening(&mut running).await;
    let kinds = ["session", "locked", "timeout", "refused"];
    eventually("every kind was met", async || {
        let text = http::get(address, METRICS, &[]).await;
        let met = |kind| text.metric(&format!("reseal_retries_total{{kind=\"{kind}\"}}")) >= 1.0;
        kinds.into_iter().all(met).then_some(())
    })
    .await;
    held_row.batch_execute("ROLLBACK").await.unwrap();
    let _server = shared_server();
}

#[tokio::test]
async fn a_ceiling_holds_it_back() {
    let rotation = Rotation::of(150).await;
    let command = lingering_run(&rotation).arg("--rows-per-second").arg("100");
    let (running, address) = lingering(command).await;
    let text = http::get(address, METRICS, &[]).await;
    let held_back = text.metric("reseal_throttled_seconds_total{reason=\"rows_per_second\"}");
    assert!(held_back >= 1.0, "{held_back}");
    assert_eq!(text.metric("reseal_throttled_seconds_total{reason=\"paused\"}"), 0.0);
    ended(running).await.expect(0);
}

#[tokio::test]
async fn verify_counts_what_remains_and_what_it_proved() {
    let rotation = Rotation::of(50).await;
    let verify = || {
        let listen = rotation.verify().arg("--listen").arg("127.0.0.1:0");
        lingering(listen.arg("--linger").arg("1h"))
    };
    let (running, address) = verify().await;
    let text = http::get(address, METRICS, &[]).await;
    assert_eq!(text.metric(&records("remaining")), 50.0);
    assert_eq!(text.metric("reseal_last_proof_timestamp_seconds"), 0.0);
    ended(running).await.expect(1);
    rotation.run().run().await.expect(0);
    let (running, address) = verify().await;
    let text = http::get(address, METRICS, &[]).await;
    assert_eq!(text.metric(&records("current")), 50.0);
    assert_eq!(text.metric(&records("remaining")), 0.0);
    assert!(text.metric("reseal_page_seconds_count") >= 1.0);
    assert!(text.metric("reseal_last_proof_timestamp_seconds") > 1.7e9);
    ended(running).await.expect(0);
}

#[tokio::test]
async fn nothing_that_is_served_holds_a_secret_or_a_row_key() {
    const ROW: &str = "person-7f3a@example.org";
    let rotation = Rotation::of(20).await;
    let table = format!(
        "CREATE TABLE people (id text PRIMARY KEY, value bytea);
         INSERT INTO people SELECT '{ROW}' || id, value FROM secrets;
         UPDATE people SET value = 'plainly malformed' WHERE id LIKE '%1'"
    );
    rotation.database.batch(&table).await;
    let command = lingering_run(&rotation).arg("-c").arg("people.value:go");
    let token = "a-token-of-32-characters-exactly";
    let (running, address) = lingering(command.env("RESEAL_LISTEN_TOKEN", token)).await;
    let mut served = String::new();
    for path in [METRICS, super::STATUS, "/v1/live", "/health/crypto", "/", "/nowhere"] {
        let answer = http::get(address, path, &[&format!("authorization: Bearer {token}")]).await;
        served += &format!("{}\n{}\n", answer.head, answer.body);
    }
    assert!(served.contains("public.people"), "{served}");
    let outcome = ended(running).await.expect(1);
    for text in [served, outcome.printed()] {
        let text = text.to_lowercase();
        for secret in [ROW, token, &rotation.old.hex(), &rotation.new.hex(), "plainly malformed"] {
            assert!(!text.contains(&secret.to_lowercase()), "{secret} in {text}");
        }
    }
}
