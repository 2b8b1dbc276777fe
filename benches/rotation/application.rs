//! What an application notices: single-row reads and writes at a steady rate, alone and beside a run.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::job::Job;
use super::table::{self, KeyType, Keys, Shape, connect};

const SHAPE: Shape = Shape { rows: 1_000_000, plaintext_bytes: 128, key: KeyType::Bigint };
/// Reads, and as many writes, a second: far from what the server can do, so that waiting shows.
const PER_SECOND: u32 = 200;
/// How long the application is measured alone.
const ALONE: Duration = Duration::from_secs(10);

/// Ways to run the job beside it.
const RUNS: &[(&str, &[&str])] = &[
    ("beside a run with defaults", &["run"]),
    ("beside a run with one worker", &["run", "--workers", "1"]),
    ("beside a run with --rows-per-second 50000", &["run", "--rows-per-second", "50000"]),
    (
        "beside a run with one worker and pages of 500 rows",
        &["run", "--workers", "1", "--page-rows-max", "500"],
    ),
];

/// Prints the table.
pub async fn measure(url: &str) {
    let keys = Keys::generate();
    println!("\n## application: {} rows, {PER_SECOND} reads and writes a second", SHAPE.rows);
    table::fill(url, &keys, SHAPE).await;
    println!("\n| application | reads: p50, p99, longest | writes: p50, p99, longest | the job |");
    println!("|---|---|---|---|");
    table::fresh(url, SHAPE.rows).await;
    let application = Application::start(url).await;
    tokio::time::sleep(ALONE).await;
    application.end("alone", "").await;
    let job = Job::new(url, &keys, 2);
    for (name, words) in RUNS {
        table::fresh(url, SHAPE.rows).await;
        let application = Application::start(url).await;
        let took = job.run_as(words).await;
        application.end(name, &format!("{:.1} s", took.as_secs_f64())).await;
    }
}

/// Reads and writes until it is told to end.
struct Application {
    stop: watch::Sender<bool>,
    reads: JoinHandle<Vec<Duration>>,
    writes: JoinHandle<Vec<Duration>>,
}

impl Application {
    async fn start(url: &str) -> Self {
        const READ: &str = "SELECT secret FROM t WHERE id = $1";
        const WRITE: &str = "UPDATE t SET version = version + 1 WHERE id = $1";
        let stop = watch::Sender::new(false);
        let (reader, writer) = (connect(url).await, connect(url).await);
        let reads = tokio::spawn(work(reader, READ, stop.subscribe()));
        let writes = tokio::spawn(work(writer, WRITE, stop.subscribe()));
        Self { stop, reads, writes }
    }

    async fn end(self, name: &str, job: &str) {
        self.stop.send_replace(true);
        let reads = told(self.reads.await.expect("the reader"));
        let writes = told(self.writes.await.expect("the writer"));
        println!("| {name} | {reads} | {writes} | {job} |");
    }
}

/// Executes the statement for one row after another, at the same distance in time, however long one took.
async fn work(client: Client, statement: &str, stop: watch::Receiver<bool>) -> Vec<Duration> {
    let statement = client.prepare(statement).await.expect("a statement");
    let mut clock = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let (mut all, mut id) = (Vec::new(), 0);
    while !*stop.borrow() {
        clock.tick().await;
        // steps that meet every part of the table soon, and no row twice in a row
        id = (id + 7_919 * 31) % SHAPE.rows.cast_signed();
        let begun = Instant::now();
        client.execute(&statement, &[&(id + 1)]).await.expect("a row");
        all.push(begun.elapsed());
    }
    all
}

fn told(mut all: Vec<Duration>) -> String {
    all.sort();
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    format!("{:.1}, {:.1}, {:.1} ms", at(0.5), at(0.99), at(1.0))
}
