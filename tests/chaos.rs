//! Chaos: a job that is killed, stopped, cut off and cancelled all the while, on a server that crashes, beside
//! an application that writes on with both keys; and an independent judge.
//!
//! A default test plays one rotation. `make chaos` plays for `CHAOS_MINUTES` (10), and counts: per minute at
//! least 20 kills of reseal, 5 terminated backends, 2 crashes and 10,000 application writes, however long it takes.
//! `CHAOS_SEED` (16 hexadecimal digits, printed at the start) decides the mischief: what, in which order, how
//! many milliseconds after the last, and what the application throws its dice for. It does not decide when
//! the machine runs which thread, so a run with the same seed is alike and not equal: a failure may need
//! several of them to come back.

mod support;

#[path = "chaos/application.rs"]
mod application;
#[path = "chaos/figures.rs"]
mod figures;
#[path = "chaos/journal.rs"]
mod journal;
#[path = "chaos/judge.rs"]
mod judge;
#[path = "chaos/processes.rs"]
mod processes;
#[path = "chaos/proxy.rs"]
mod proxy;
#[path = "chaos/schedule.rs"]
mod schedule;
#[path = "chaos/stage.rs"]
mod stage;
#[path = "chaos/touch.rs"]
mod touch;
#[path = "chaos/writer.rs"]
mod writer;

use std::time::{Duration, Instant};

use support::Dice;

/// What a minute holds at least.
const ROTATIONS_PER_MINUTE: u64 = 2;
const WRITES_PER_MINUTE: u64 = 10_000;

/// Of the test that is not asked for minutes.
const WRITES_OF_ONE_ROTATION: u64 = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_and_nothing_is_left() {
    let begun = Instant::now();
    let seed = seed();
    let minutes = minutes();
    println!("CHAOS_SEED={seed:016x}");
    let (rotations, writes) = match minutes {
        Some(minutes) => (minutes * ROTATIONS_PER_MINUTE, minutes * WRITES_PER_MINUTE),
        None => (1, WRITES_OF_ONE_ROTATION),
    };
    let time = Duration::from_secs(60 * minutes.unwrap_or_default());
    let mut dice = Dice::new(seed);
    let mut stage = stage::Stage::set(seed).await;
    while stage.figures.rotations < rotations || begun.elapsed() < time {
        stage.rotate(&schedule::round(&mut dice, processes::PROCESSES)).await;
        if minutes.is_some() {
            println!("{:>4} s  {:?}", begun.elapsed().as_secs(), stage.figures);
        }
    }
    let mut figures = stage.clear(writes).await;
    figures.took = begun.elapsed();
    println!("{figures}\nCHAOS_SEED={seed:016x}: nothing was lost, nothing is left");
    let least =
        [schedule::KILLS as u64, schedule::TERMINATIONS as u64, 1, 1].map(|n| n * rotations);
    let done = [figures.killed, figures.terminated, figures.crashes, figures.rotations];
    assert!(done.iter().zip(least).all(|(done, least)| *done >= least), "{done:?} of {least:?}");
}

/// Said by `CHAOS_SEED`, else any.
fn seed() -> u64 {
    let Ok(said) = std::env::var("CHAOS_SEED") else {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("random bytes");
        return u64::from_le_bytes(bytes);
    };
    u64::from_str_radix(&said, 16).expect("CHAOS_SEED is up to 16 hexadecimal digits")
}

/// Said by `CHAOS_MINUTES`.
fn minutes() -> Option<u64> {
    let said = std::env::var("CHAOS_MINUTES").ok().filter(|said| !said.is_empty())?;
    Some(said.parse().expect("CHAOS_MINUTES is a whole number"))
}
