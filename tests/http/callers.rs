//! Whom it is shown to.

use super::support::{Rotation, http};
use super::{METRICS, STATUS, ended, lingering, lingering_run};

const TOKEN: &str = "0123456789abcdef-token";

#[tokio::test]
async fn with_a_token_only_who_shows_it_is_answered() {
    let rotation = Rotation::of(1).await;
    let command = lingering_run(&rotation).env("RESEAL_LISTEN_TOKEN", TOKEN);
    let (running, address) = lingering(command).await;
    for path in [METRICS, STATUS, "/health/crypto", "/v1/live"] {
        let longer = format!("authorization: Bearer {TOKEN}x");
        let cut = format!("authorization: Bearer {}", &TOKEN[1..]);
        let basic = format!("authorization: Basic {TOKEN}");
        for headers in
            ["accept: */*", &longer, &cut, &basic, "authorization: Bearer ", "authorization:"]
        {
            let answer = http::get(address, path, &[headers]).await;
            assert_eq!(answer.status, 401, "{path} {headers}");
            assert!(answer.head.contains("www-authenticate: bearer"), "{}", answer.head);
            assert!(!answer.body.contains("reseal_records"), "{}", answer.body);
        }
        let shown = format!("authorization: bearer {TOKEN}");
        assert_eq!(http::get(address, path, &[&shown]).await.status, 200, "{path}");
        // whoever has the token may come by any name
        let named = [shown.as_str(), "host: reseal.example"];
        assert_eq!(http::get(address, path, &named).await.status, 200, "{path}");
    }
    for open in ["/", "/health/live"] {
        assert_eq!(http::get(address, open, &[]).await.status, 200, "{open} tells nothing");
    }
    ended(running).await.expect(0);
}

#[tokio::test]
async fn without_a_token_it_stays_on_this_machine() {
    let rotation = Rotation::of(1).await;
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9187"] {
        let refused = rotation.run().arg("--listen").arg(address).run().await.expect(2);
        assert!(refused.stderr.contains("needs a token"), "{}", refused.stderr);
    }
    let words = ["0.0.0.0:0", "--linger", "0s"];
    let open = words.iter().fold(rotation.run().arg("--listen"), |run, word| run.arg(*word));
    open.env("RESEAL_LISTEN_TOKEN", TOKEN).run().await.expect(0);
}

#[tokio::test]
async fn a_page_that_had_its_name_resolved_to_us_is_not_answered() {
    let rotation = Rotation::of(1).await;
    let (running, address) = lingering(lingering_run(&rotation)).await;
    let port = address.port();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        (format!("evil.example:{port}"), 403),
        ("evil.example".to_owned(), 403),
        (String::new(), 403),
    ] {
        for path in ["/", METRICS, STATUS] {
            let answer = http::get(address, path, &[&format!("host: {host}")]).await;
            assert_eq!(answer.status, status, "{host} {path}");
        }
    }
    ended(running).await.expect(0);
}

#[tokio::test]
async fn a_token_is_named_and_never_typed() {
    let rotation = Rotation::of(1).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("token");
    std::fs::write(&path, format!("{TOKEN}\n")).expect("a file");
    let command = lingering_run(&rotation).arg("--listen-token");
    let command = command.arg(format!("file:{}", path.display()));
    let (running, address) = lingering(command).await;
    assert_eq!(http::get(address, METRICS, &[]).await.status, 401);
    let shown = format!("authorization: Bearer {TOKEN}");
    assert_eq!(http::get(address, METRICS, &[&shown]).await.status, 200);
    ended(running).await.expect(0);
    for (typed, said) in [(TOKEN, "named, never written"), ("env:NO_SUCH", "NO_SUCH is not set")] {
        let command = lingering_run(&rotation).arg("--listen-token").arg(typed);
        let refused = command.run().await.expect(2);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
        assert!(!refused.stderr.contains(TOKEN), "{}", refused.stderr);
    }
    let short = lingering_run(&rotation).env("RESEAL_LISTEN_TOKEN", "short").run().await.expect(2);
    assert!(short.stderr.contains("at least 16 characters"), "{}", short.stderr);
}
