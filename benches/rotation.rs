//! Rows per second of a whole rotation on a throwaway PostgreSQL, against plain SQL that rewrites the
//! same rows without any cryptography, and against one statement a row; and what an application beside it
//! notices.
//!
//! `cargo bench --bench rotation [-- SCENARIO …]`; all of them unless told. What is compared, and figures:
//! benches/README.md.

#[path = "rotation/application.rs"]
mod application;
#[path = "rotation/job.rs"]
mod job;
#[path = "rotation/machine.rs"]
mod machine;
#[path = "rotation/plain.rs"]
mod plain;
#[path = "rotation/report.rs"]
mod report;
#[path = "rotation/round.rs"]
mod round;
#[path = "rotation/table.rs"]
mod table;

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use table::{KeyType, Shape};

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

/// A table, and how it is rotated.
pub struct Scenario {
    name: &'static str,
    shape: Shape,
    /// Connections of the floor and of the script, and workers of the job.
    workers: usize,
    rounds: usize,
}

const fn scenario(
    name: &'static str,
    rows: u64,
    plaintext_bytes: usize,
    key: KeyType,
    workers: usize,
    rounds: usize,
) -> Scenario {
    Scenario { name, shape: Shape { rows, plaintext_bytes, key }, workers, rounds }
}

const SCENARIOS: &[Scenario] = &[
    scenario("1M", 1_000_000, 128, KeyType::Bigint, 2, 5),
    scenario("1M-one-worker", 1_000_000, 128, KeyType::Bigint, 1, 3),
    scenario("1M-uuid", 1_000_000, 128, KeyType::Uuid, 2, 3),
    scenario("4KiB", 100_000, 4 << 10, KeyType::Bigint, 2, 3),
    scenario("1MiB", 2_000, 1 << 20, KeyType::Bigint, 2, 1),
    scenario("10M", 10_000_000, 128, KeyType::Bigint, 2, 1),
];

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let options = SETTINGS
        .iter()
        .fold(ServerOptions::default(), |options, (name, value)| options.setting(name, value));
    let server = ThrowawayServer::start(&options).expect("a throwaway server");
    let url = server.url("postgres");
    machine::describe(&url, SETTINGS).await;
    for scenario in SCENARIOS.iter().filter(|scenario| is_wanted(scenario.name)) {
        round::measure(&url, scenario).await;
    }
    if is_wanted("application") {
        application::measure(&url).await;
    }
}
