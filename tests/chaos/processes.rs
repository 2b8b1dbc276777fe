//! The job: several reseal processes with the same command, each replaced as soon as it is gone.

use std::time::{Duration, Instant};

use super::figures::Figures;
use crate::support::{Dice, Outcome, Reseal, Running, TestKey};

/// How many there are at a time.
pub const PROCESSES: usize = 3;

/// How long a process may take to its end once nobody disturbs it.
const END_MAX: Duration = Duration::from_secs(240);

/// Where a process connects to.
#[derive(Clone)]
pub struct Routes {
    pub direct: String,
    pub proxied: String,
    /// A proxy behind which the program cannot know that it reaches the server itself.
    pub masked: String,
}

/// What every process is given.
#[derive(Clone)]
pub struct Command {
    pub routes: Routes,
    pub current: TestKey,
    pub previous: TestKey,
}

impl Command {
    /// `run`, with another number of workers, size of page and way to the server each time.
    fn varied(&self, dice: &mut Dice) -> Reseal {
        let workers = 1 + dice.below(2);
        let rows = [25, 60, 150][dice.below(3)];
        let routes = &self.routes;
        let url = [&routes.direct, &routes.direct, &routes.proxied, &routes.masked][dice.below(4)];
        let words =
            format!("run --workers {workers} --page-rows-max {rows} --lease 1s --max-wait 20s");
        self.with_keys(&words).env("DATABASE_URL", url)
    }

    /// The same without any mischief in it.
    pub fn plain(&self, words: &str) -> Reseal {
        self.with_keys(words).env("DATABASE_URL", &self.routes.direct)
    }

    /// With the current key alone.
    pub fn verify(&self) -> Reseal {
        self.on_column("verify").env("DATABASE_URL", &self.routes.direct)
    }

    fn with_keys(&self, words: &str) -> Reseal {
        self.on_column(words).previous_keys(&[&self.previous])
    }

    fn on_column(&self, words: &str) -> Reseal {
        let columns = ["-c", "secrets.value:go", "-c", "archive.value:go"];
        let reseal = columns.into_iter().fold(Reseal::new(words).json(), Reseal::arg);
        reseal.current_key(&self.current).deadline(Duration::from_secs(600))
    }
}

struct Process {
    running: Running,
    resumes_at: Option<Instant>,
}

pub struct Processes {
    command: Command,
    dice: Dice,
    processes: Vec<Process>,
}

impl Processes {
    pub fn start(command: Command, dice: Dice) -> Self {
        let mut processes = Self { command, dice, processes: Vec::new() };
        for _ in 0..PROCESSES {
            let process = processes.spawn();
            processes.processes.push(process);
        }
        processes
    }

    fn spawn(&mut self) -> Process {
        Process { running: self.command.varied(&mut self.dice).spawn(), resumes_at: None }
    }

    /// Lets stopped ones go on when it is time, replaces those that have ended, and answers how those did.
    pub async fn tend(&mut self) -> Vec<Outcome> {
        let mut ended = Vec::new();
        for number in 0..self.processes.len() {
            let process = &mut self.processes[number];
            if process.resumes_at.is_some_and(|moment| Instant::now() >= moment) {
                process.resumes_at = None;
                process.running.signal("CONT");
            }
            if process.running.has_ended() {
                ended.push(self.replace(number).await);
            }
        }
        ended
    }

    async fn replace(&mut self, number: usize) -> Outcome {
        let next = self.spawn();
        std::mem::replace(&mut self.processes[number], next).running.wait().await
    }

    /// `kill -9`; answers how it ended if it had ended by itself before.
    pub async fn kill(&mut self, number: usize) -> Outcome {
        self.processes[number].running.kill();
        self.replace(number).await
    }

    pub fn stop(&mut self, number: usize, pause: Duration) {
        let process = &mut self.processes[number];
        if !process.running.has_ended() {
            process.running.signal("STOP");
            process.resumes_at = Some(Instant::now() + pause);
        }
    }

    pub fn ask(&mut self, number: usize) {
        let process = &mut self.processes[number];
        if !process.running.has_ended() {
            process.running.signal("TERM");
        }
    }

    /// All of them stand still until they are thawed.
    pub fn freeze(&mut self) {
        self.signal_all("STOP");
    }

    pub fn thaw(&mut self) {
        self.signal_all("CONT");
    }

    fn signal_all(&mut self, name: &str) {
        for process in &mut self.processes {
            if !process.running.has_ended() {
                process.running.signal(name);
            }
        }
    }

    /// No more of them are started: waits until each has come to its own end.
    pub async fn end(mut self) -> Vec<Outcome> {
        self.thaw();
        let (begun, mut outcomes) = (Instant::now(), Vec::new());
        for mut process in self.processes {
            while !process.running.has_ended() {
                let words = process.running.stderr_so_far();
                assert!(begun.elapsed() < END_MAX, "a process does not end:\n{words}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcomes.push(process.running.wait().await);
        }
        outcomes
    }
}

/// Counts how a process ended; fails the test for an end that no mischief explains.
pub fn count(outcome: &Outcome, figures: &mut Figures) {
    match (outcome.code, outcome.signal) {
        (None, Some(9)) => figures.killed += 1,
        (Some(0), _) => figures.completed += 1,
        (Some(1), _) => figures.unfinished += 1,
        // … or of SIGTERM itself, if that came before there was anything to finish
        (Some(4), _) | (None, Some(15)) => figures.asked += 1,
        (Some(5), _) => figures.gave_up += 1,
        _ => panic!("a process ended with {:?}\n{}", outcome.code, outcome.printed()),
    }
}
