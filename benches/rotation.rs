//! Rows per second of a whole rotation on a throwaway PostgreSQL, against plain SQL that rewrites the
//! same rows without any cryptography, and against one statement a row.
//!
//! `cargo bench --bench rotation [-- ROWS [ROUNDS]]`; 1,000,000 rows and 3 rounds unless told. What is
//! compared, and figures: benches/README.md.

#[path = "rotation/job.rs"]
mod job;
#[path = "rotation/machine.rs"]
mod machine;
#[path = "rotation/plain.rs"]
mod plain;
#[path = "rotation/table.rs"]
mod table;

use std::time::Duration;

use job::Job;
use reseal::demo::server::{ServerOptions, ThrowawayServer};
use table::Keys;

/// Connections of the floor and of the script, and workers of the job.
const WORKERS: usize = 2;
/// Rows that the script rewrites one by one: all of them would take too long.
const SCRIPT_ROWS: u64 = 50_000;
/// A rotation so small that nothing but its own overhead is measured.
const FEW_ROWS: u64 = 150;

/// As a server in production, except that nothing else runs: autovacuum would hit one measurement and
/// not the next.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("shared_buffers", "512MB"),
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    ("max_connections", "50"),
];

/// What one round measured.
struct Round {
    floor: f64,
    whole: f64,
    pass_1: f64,
    verify: f64,
    script: f64,
    few: Duration,
    peak_kib: u64,
}

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let (rows, rounds) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(3));
    let options = SETTINGS
        .iter()
        .fold(ServerOptions::default(), |options, (name, value)| options.setting(name, value));
    let server = ThrowawayServer::start(&options).expect("a throwaway server");
    let url = server.url("postgres");
    machine::describe(&url, SETTINGS).await;
    let keys = Keys::generate();
    let job = Job::new(&url, &keys, WORKERS);
    println!("filling {rows} rows of {} bytes of plaintext", table::PLAINTEXT_BYTES);
    table::fill(&url, &keys, rows).await;
    let mut all = Vec::new();
    for number in 1..=rounds {
        let round = round(&url, &keys, &job, rows).await;
        println!(
            "round {number}: floor {:.0}, pass 1 {:.0}, whole run {:.0}, verify {:.0}, row by row {:.0} rows/s",
            round.floor, round.pass_1, round.whole, round.verify, round.script
        );
        all.push(round);
    }
    report(rows, &all);
}

async fn round(url: &str, keys: &Keys, job: &Job, rows: u64) -> Round {
    table::fresh(url, rows).await;
    let floor = per_second(rows, plain::rewrite(url, rows, WORKERS).await);
    table::fresh(url, rows).await;
    let run = job.run(url).await;
    let verify = job.verify().await;
    let script_rows = SCRIPT_ROWS.min(rows);
    table::fresh(url, script_rows).await;
    let script = per_second(script_rows, plain::row_by_row(url, keys, script_rows, WORKERS).await);
    table::fresh(url, FEW_ROWS).await;
    let few = job.run(url).await.whole;
    Round {
        floor,
        whole: per_second(rows, run.whole),
        pass_1: per_second(rows, run.pass_1),
        verify: per_second(rows, verify.took),
        script,
        few,
        peak_kib: run.peak_kib.max(verify.peak_kib),
    }
}

fn per_second(rows: u64, took: Duration) -> f64 {
    rows as f64 / took.as_secs_f64()
}

/// The table of ratios: each is taken within its round, then the median of the rounds.
fn report(rows: u64, rounds: &[Round]) {
    println!("\n{rows} rows, medians of {} rounds (least to most)\n", rounds.len());
    println!("| what | measured | to reach |\n|---|---|---|");
    let line = |what: &str, unit: &str, goal: &str, of: fn(&Round) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(of).collect();
        figures.sort_by(f64::total_cmp);
        let (least, most) = (figures[0], figures[figures.len() - 1]);
        let median = figures[figures.len() / 2];
        let show = |figure: f64| match unit {
            " rows/s" => format!("{figure:.0}"),
            _ => format!("{figure:.2}"),
        };
        let (median, least, most) = (show(median), show(least), show(most));
        println!("| {what} | {median}{unit} ({least} to {most}) | {goal} |");
    };
    line("floor: plain SQL", " rows/s", "", |r| r.floor);
    line("pass 1 against the floor", "", "0.75", |r| r.pass_1 / r.floor);
    line("whole run with its proof against the floor", "", "0.60", |r| r.whole / r.floor);
    line("pass 1 against one row a statement", " ×", "10", |r| r.pass_1 / r.script);
    line("`verify` against pass 1", " ×", "3", |r| r.verify / r.pass_1);
    line("150 records, start to proof", " s", "0.5", |r| r.few.as_secs_f64());
    line("peak memory", " MiB", "below 100", |r| r.peak_kib as f64 / 1024.0);
}
