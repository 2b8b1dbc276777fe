//! How far it is: a bar on a terminal; elsewhere one log line every ten seconds, and a last one at the end.

use std::fmt;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::rotate::progress::{Progress, ProgressCounts};

const REDRAW: Duration = Duration::from_millis(200);
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Shows progress until it is dropped.
pub struct Shown<'p> {
    progress: &'p Progress,
    bar: Option<ProgressBar>,
    /// `None` where no run is: `verify`.
    run: Option<i64>,
    expected: u64,
    begun: Instant,
    logged: Instant,
}

impl<'p> Shown<'p> {
    /// `expected` values, by estimate; each is met about once in a pass.
    pub fn start(progress: &'p Progress, run: Option<i64>, expected: u64) -> Self {
        let begun = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(expected), ProgressDrawTarget::stderr());
            let style = "{prefix} [{wide_bar}] {human_pos}/{human_len} {rate} eta {eta}{msg}";
            bar.set_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .with_key("rate", rate),
            );
            bar.set_prefix(name(run));
            bar
        });
        Self { progress, bar, run, expected, begun, logged: begun }
    }

    /// How often [`update`](Self::update) wants to be called.
    pub fn interval(&self) -> Duration {
        REDRAW
    }

    pub fn update(&mut self) {
        if let Some(bar) = &self.bar {
            let waits = self.progress.waits.now();
            bar.set_message(waits.map(|(wait, _)| format!("; {wait}")).unwrap_or_default());
            bar.set_position(self.progress.counts().values);
            // a wait moves no position, and is to be seen nevertheless
            bar.tick();
        } else if self.logged.elapsed() >= LOG_EVERY {
            self.logged = Instant::now();
            self.log(&name(self.run), Some(self.pace()));
        }
    }

    /// One line with what this process has done so far: counts, and nothing row by row.
    fn log(&self, what: &str, pace: Option<Pace>) {
        let ProgressCounts { values, resealed, failed, conflicts, retries, failures } =
            self.progress.counts();
        let waiting = self.progress.waits.now().map(|(wait, _)| wait.text);
        let failures = (!failures.is_empty()).then(|| failures.to_string());
        let (per_second, seconds_left) = pace.map(|pace| (pace.per_second, pace.left)).unzip();
        tracing::info!(
            target: "reseal", run = self.run, values, resealed, failed, failures, conflicts, retries,
            per_second, seconds_left = seconds_left.flatten(), waiting, "{what}"
        );
    }

    fn pace(&self) -> Pace {
        let values = self.progress.counts().values;
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let (done, left) = (values as f64, self.expected.saturating_sub(values) as f64);
        let per_second = done / self.begun.elapsed().as_secs_f64().max(0.001);
        let left = Some(left / per_second).filter(|left| left.is_finite()).map(f64::round);
        Pace { per_second: per_second.round(), left }
    }
}

/// In whole values; indicatif's own has four decimals.
fn rate(state: &ProgressState, text: &mut dyn fmt::Write) {
    let rate = state.per_sec().round();
    // a text takes whatever is written to it
    let _written = write!(text, "{rate}/s");
}

fn name(run: Option<i64>) -> String {
    run.map_or_else(|| "verify".to_owned(), |run| format!("run {run}"))
}

/// How fast it goes, on the average, and how many seconds are left at that rate.
struct Pace {
    per_second: f64,
    left: Option<f64>,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => self.log("stopped working", None),
        }
    }
}
