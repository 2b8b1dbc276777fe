//! A service that throttles for a while, and one that is gone in mid-run.

use std::time::Duration;

use super::{Place, Rows};
use crate::fakes::{Answer, KINDS, Kind, aws_refusal, azure_refusal, gcp_refusal, vault_refusal};
use crate::support::http;

/// As its service says that it is not there just now.
fn gone(kind: Kind) -> Answer {
    match kind {
        Kind::Aws => aws_refusal("KMSInternalException"),
        Kind::Gcp => gcp_refusal(503, "UNAVAILABLE"),
        Kind::Azure => azure_refusal(503, "ServiceUnavailable", None),
        Kind::Vault => vault_refusal(503, "Vault is sealed"),
    }
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Aws => "aws",
        Kind::Gcp => "gcp",
        Kind::Azure => "azure",
        Kind::Vault => "vault",
    }
}

/// For two seconds, or as many as the variable says.
#[tokio::test]
async fn throttled_for_a_while() {
    let seconds = std::env::var("RESEAL_TEST_THROTTLED_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(2);
    for kind in KINDS {
        let rows = Rows::new(kind, Place::Column, 60, 6).await.noted();
        rows.fake.rotate();
        rows.fake.trouble(4, Duration::from_secs(seconds), &kind.throttled());
        let command = rows.command("run --listen 127.0.0.1:0 --linger 1h");
        let command =
            command.env("RESEAL_RETRY_FOR", "10m").deadline(Duration::from_secs(seconds + 240));
        let mut running = command.spawn();
        let address = http::listening(&mut running).await;
        let ended = loop {
            let text = http::get(address, "/metrics", &[]).await;
            if text.body.contains("reseal_run_state{state=\"completed\"} 1\n") {
                break text;
            }
            assert!(!running.has_ended(), "{}", running.stderr_so_far());
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let calls = |outcome: &str| {
            ended.metric(&format!(
                "reseal_kms_calls_total{{service=\"{}\",outcome=\"{outcome}\"}}",
                label(kind)
            ))
        };
        let (throttled, answered) = (calls("throttled"), calls("answered"));
        println!("{kind:?}: throttled for {seconds} s: {throttled} calls, {answered} answered");
        assert!(throttled >= 1.0 && answered >= 3.0, "{kind:?}");
        rows.check().await;
        running.kill();
    }
}

#[tokio::test]
async fn gone_in_mid_run_and_resumed() {
    for kind in KINDS {
        let both = matches!(kind, Kind::Aws | Kind::Vault);
        for rotate in if both { &["rewrap", "reseal"][..] } else { &["rewrap"] } {
            let rows = Rows::new(kind, Place::Column, 400, 200).await.noted();
            let rows = rows.with(&format!(", rotate = \"{rotate}\""));
            let before = rows.read().await;
            rows.fake.rotate();
            let command =
                || rows.command("run --workers 1 --page-rows-max 20").env("RESEAL_RETRY_FOR", "1s");
            // some pages are written before, whatever the sample takes
            let enough = if kind == Kind::Vault { 8 } else { 100 };
            rows.fake.trouble(enough, Duration::from_secs(3_600), &gone(kind));
            let ended = command().run().await.expect(5);
            assert!(ended.stderr.contains("is not available"), "{kind:?}: {}", ended.stderr);
            let halfway = rows.read().await;
            let changed = |(id, stored): &(&i64, &super::rows::Stored)| **stored != before[*id];
            let written = halfway.iter().filter(changed).count();
            assert!(written > 0 && written < 400, "{kind:?}, {rotate}: {written} rows written");
            for (id, stored) in halfway.iter().filter(changed) {
                // whole: the key, its note and its value are of one piece
                let (_, version) = rows.fake.unwrap(&rows.dek_of(stored)).expect("a wrapped key");
                assert_eq!(version, rows.fake.newest(), "row {id}");
                assert_eq!(stored.noted.as_deref(), Some(&*version), "row {id}");
            }
            rows.fake.mend();
            command().run().await.expect(0);
            let after = rows.check().await;
            for (id, stored) in halfway.iter().filter(changed) {
                assert_eq!(*stored, after[id], "row {id} is not written twice");
            }
        }
    }
}
