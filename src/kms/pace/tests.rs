//! The pace, on a clock that stands still until everybody waits.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::error::{Error, ExitCode};

fn pace(calls_per_second: u32, retry_for: u64) -> Pace {
    let retry_for = Duration::from_secs(retry_for);
    Pace::new(Service::Vault, KmsSettings { calls_per_second: Some(calls_per_second), retry_for })
}

#[tokio::test(start_paused = true)]
async fn so_many_a_second_and_no_more() {
    let (pace, began) = (pace(10, 0), Instant::now());
    for _ in 0..21 {
        pace.call(async || Ok(())).await.unwrap();
    }
    assert_eq!(began.elapsed().as_millis(), 2_000);
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_all_calls_and_passes() {
    let pace = pace(100, 600);
    let calls = AtomicU32::new(0);
    let throttled_for = Duration::from_secs(60);
    let began = Instant::now();
    let answer = async || {
        calls.fetch_add(1, Ordering::Relaxed);
        match began.elapsed() < throttled_for {
            true => Err(Trouble::Throttled { after: None }),
            false => Ok(()),
        }
    };
    pace.call(answer).await.unwrap();
    assert!(began.elapsed() >= throttled_for);
    let during = calls.load(Ordering::Relaxed);
    assert!(during < 60, "{during} calls in a minute of throttling");
    assert!(pace.rate().allowed() < 10.0);
    for _ in 0..2_000 {
        pace.call(async || Ok(())).await.unwrap();
    }
    assert!((pace.rate().allowed() - 100.0).abs() < f64::EPSILON, "as fast as before");
}

#[tokio::test(start_paused = true)]
async fn the_pause_is_the_one_that_is_asked_for() {
    let pace = pace(100, 600);
    let calls = AtomicU32::new(0);
    let began = Instant::now();
    let answer = async || match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Err(Trouble::Throttled { after: Some(Duration::from_secs(17)) }),
        _ => Ok(()),
    };
    pace.call(answer).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(17));
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_what_does_not_is_not() {
    let pace = pace(100, 5);
    let calls = AtomicU32::new(0);
    let refused = async || -> Result<(), Trouble> {
        calls.fetch_add(1, Ordering::Relaxed);
        Err(Trouble::Final(Error::usage("no")))
    };
    assert_eq!(pace.call(refused).await.unwrap_err().exit_code, ExitCode::Usage);
    assert_eq!(calls.swap(0, Ordering::Relaxed), 1);
    let gone = async || -> Result<(), Trouble> {
        calls.fetch_add(1, Ordering::Relaxed);
        Err(Trouble::unreachable(Service::Vault, "connection refused"))
    };
    let error = pace.call(gone).await.unwrap_err();
    assert_eq!(error.exit_code, ExitCode::Outside);
    assert!(error.what.starts_with("cannot reach Vault: connection refused"), "{error}");
    assert!(calls.load(Ordering::Relaxed) > 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_ends() {
    let pace = pace(100, 0);
    let hung = async || -> Result<(), Trouble> { std::future::pending().await };
    let error = pace.call(hung).await.unwrap_err();
    assert!(error.what.contains("no answer within 30 s"), "{error}");
}
