//! The services that are asked before a run, and after the previous key was removed.

use super::support::http::Service;
use super::support::{Reseal, Rotation};

const DUAL: &str = r#"{"status":"healthy","dual_key_mode":true,
    "checks":{"key_valid":true,"round_trip":true,"previous_key_valid":true}}"#;
const SINGLE: &str = r#"{"status":"healthy","dual_key_mode":false,
    "checks":{"key_valid":true,"round_trip":true}}"#;
const UNHEALTHY: &str = r#"{"status":"unhealthy","dual_key_mode":true,
    "checks":{"key_valid":true,"round_trip":true,"previous_key_valid":false},
    "errors":[{"check":"previous_key_valid","what":"SENTINEL"}]}"#;

/// The command, beside these services.
fn gated(command: Reseal, services: &[String]) -> Reseal {
    let list: Vec<String> = services.iter().map(|url| format!("\"{url}\"")).collect();
    command.config(format!("[gate]\nhealth = [{}]\ntimeout = \"2s\"\n", list.join(", ")))
}

#[tokio::test]
async fn a_run_begins_when_every_service_has_both_keys() {
    let rotation = Rotation::of(10).await;
    let first = Service::answering("200 OK", DUAL).await;
    let second = Service::answering("200 OK", DUAL).await;
    let services = [first.url(), format!("{}/v2/health/crypto?deep=1", second.url())];
    let command = gated(rotation.run(), &services).env("RESEAL_GATE_TOKEN", "0123456789abcdef");
    command.run().await.expect(0);
    let asked = |service: &Service| service.asked().concat();
    assert!(asked(&first).starts_with("GET /health/crypto HTTP/1.1\r\n"), "{}", asked(&first));
    assert!(asked(&second).starts_with("GET /v2/health/crypto?deep=1 "), "{}", asked(&second));
    assert!(asked(&first).contains("authorization: Bearer 0123456789abcdef"), "{}", asked(&first));
}

#[tokio::test]
async fn each_service_that_is_not_ready_is_named_with_its_own_sentence() {
    let rotation = Rotation::of(10).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("an address");
    let silent_url = format!("http://{}", silent.local_addr().expect("an address"));
    let long = format!("{{\"status\":\"healthy\",\"more\":\"{}\"}}", "x".repeat(100_000));
    let answers = [
        ("200 OK", SINGLE, "has one key only (dual_key_mode is false)"),
        ("503 Service Unavailable", UNHEALTHY, "keys are not healthy"),
        ("200 OK", "<html>welcome</html>", "is no crypto health check"),
        ("200 OK", "{\"status\":\"healthy\"}", "is no crypto health check"),
        ("200 OK", &long, "is no crypto health check"),
        ("401 Unauthorized", "", "with HTTP 401"),
        ("302 Found", "", "with HTTP 302"),
    ];
    let mut services = Vec::new();
    for (status, body, _) in answers {
        services.push(Service::answering(status, body).await);
    }
    let mut urls: Vec<String> = services.iter().map(Service::url).collect();
    urls.extend([nobody.clone(), silent_url.clone()]);
    let command = gated(rotation.run(), &urls).arg("-c").arg("no_such_table.value:go");
    let refused = command.run().await.expect(3).stderr;
    let troubles: Vec<&str> = refused.split("reseal: error: ").collect();
    let said_of = |url: &str| {
        let place = format!("where: {url}/health/crypto\n");
        troubles.iter().find(|text| text.contains(&place)).copied().unwrap_or_default()
    };
    for (service, (_, _, sentence)) in services.iter().zip(answers) {
        let said = said_of(&service.url());
        assert!(said.contains(sentence), "{sentence}: {refused}");
    }
    assert!(said_of(&nobody).contains("no connection can be made"), "{refused}");
    assert!(said_of(&silent_url).contains("does not answer in time"), "{refused}");
    assert!(refused.contains("previous_key_valid"), "the check is named: {refused}");
    assert!(!refused.contains("SENTINEL"), "a service's own words are not repeated: {refused}");
    assert!(refused.contains("no_such_table"), "together with what the plan refuses: {refused}");
    assert_eq!(rotation.status().await["status"], "idle", "nothing was begun");
}

#[tokio::test]
async fn plan_asks_too_and_verify_does_not() {
    let rotation = Rotation::of(10).await;
    let service = Service::answering("200 OK", SINGLE).await;
    let services = [service.url()];
    let refused = gated(rotation.command("plan"), &services).run().await.expect(3);
    assert!(refused.stderr.contains("dual_key_mode is false"), "{}", refused.stderr);
    let asked = service.asked().len();
    gated(rotation.verify(), &services).run().await.expect(1);
    assert_eq!(service.asked().len(), asked);
}

#[tokio::test]
async fn after_the_removal_no_service_may_have_a_previous_key() {
    let rotation = Rotation::of(10).await;
    rotation.run().run().await.expect(0);
    let (dual, single) =
        (Service::answering("200 OK", DUAL).await, Service::answering("200 OK", SINGLE).await);
    let verify = || rotation.verify().arg("--after-removal");
    gated(verify(), &[single.url()]).run().await.expect(0);
    let refused = gated(verify(), &[single.url(), dual.url()]).run().await.expect(3);
    assert!(refused.stderr.contains("still has a previous key"), "{}", refused.stderr);
    assert!(refused.stderr.contains(&dual.url()), "{}", refused.stderr);
    assert!(!refused.stderr.contains(&single.url()), "{}", refused.stderr);
    let nobody = verify().run().await.expect(2);
    assert!(nobody.stderr.contains("no service is named"), "{}", nobody.stderr);
}
