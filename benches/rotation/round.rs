//! One scenario: its rounds, each of every measurement once, so that ratios are of neighbours in time.

use std::time::Duration;

use super::Scenario;
use super::job::Job;
use super::plain;
use super::report;
use super::table::{self, Keys};

/// Rows that the script rewrites one by one: all of them would take too long.
pub const SCRIPT_ROWS: u64 = 50_000;
/// A rotation so small that nothing but its own overhead is measured.
const FEW_ROWS: u64 = 150;
/// Values that are resealed in memory, to see what the cryptography takes.
const CRYPTOGRAPHY_BYTES: u64 = 256 << 20;

/// What one round measured; rates are rows a second.
pub struct Round {
    pub floor: f64,
    pub whole: f64,
    pub pass_1: f64,
    pub verify: f64,
    pub script: f64,
    pub reading: f64,
    pub cryptography: f64,
    pub few: Duration,
    pub peak_kib: u64,
}

pub async fn measure(url: &str, scenario: &Scenario) {
    let keys = Keys::generate();
    let shape = scenario.shape;
    println!(
        "\n## {}: {} rows of {} bytes of plaintext, {} key, {} workers",
        scenario.name, shape.rows, shape.plaintext_bytes, shape.key, scenario.workers
    );
    table::fill(url, &keys, shape).await;
    let job = Job::new(url, &keys, scenario.workers);
    let mut rounds = Vec::new();
    for number in 1..=scenario.rounds {
        let round = round(url, &keys, &job, scenario).await;
        println!(
            "round {number}: floor {:.0}, pass 1 {:.0}, whole run {:.0}, verify {:.0}, row by row {:.0}, \
             reading {:.0}, cryptography {:.0} rows/s",
            round.floor,
            round.pass_1,
            round.whole,
            round.verify,
            round.script,
            round.reading,
            round.cryptography
        );
        rounds.push(round);
    }
    report::print(scenario.name, &rounds);
}

async fn round(url: &str, keys: &Keys, job: &Job, scenario: &Scenario) -> Round {
    let (shape, workers) = (scenario.shape, scenario.workers);
    let rows = shape.rows;
    table::fresh(url, rows).await;
    let reading = per_second(rows, plain::read(url, shape, workers).await);
    let floor = per_second(rows, plain::rewrite(url, shape, workers).await);
    table::fresh(url, rows).await;
    let run = job.run(url).await;
    let verify = job.verify().await;
    let script_rows = SCRIPT_ROWS.min(rows);
    table::fresh(url, script_rows).await;
    let script = per_second(script_rows, plain::row_by_row(url, keys, shape, workers).await);
    let values = (CRYPTOGRAPHY_BYTES / shape.plaintext_bytes as u64).min(rows);
    let cryptography = per_second(values, plain::reseal_in_memory(keys, shape, values));
    table::fresh(url, FEW_ROWS).await;
    let few = job.run(url).await.whole;
    Round {
        floor,
        whole: per_second(rows, run.whole),
        pass_1: per_second(rows, run.pass_1),
        verify: per_second(rows, verify.took),
        script,
        reading,
        cryptography,
        few,
        peak_kib: run.peak_kib.max(verify.peak_kib),
    }
}

fn per_second(rows: u64, took: Duration) -> f64 {
    rows as f64 / took.as_secs_f64()
}
