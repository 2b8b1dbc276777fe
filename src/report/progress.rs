//! How far it is: a bar on a terminal, elsewhere one log line every ten seconds.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::rotate::progress::ProgressCounts;

const REDRAW: Duration = Duration::from_millis(200);
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Shows progress until it is dropped.
pub struct Shown {
    bar: Option<ProgressBar>,
    what: String,
    begun: Instant,
    logged: Instant,
}

impl Shown {
    /// `expected` values, by estimate; each is met about once in a pass.
    pub fn start(what: String, expected: u64) -> Self {
        let begun = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(expected), ProgressDrawTarget::stderr());
            let style = "{msg} [{wide_bar}] {human_pos}/{human_len} {per_sec} eta {eta}";
            bar.set_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_message(what.clone());
            bar
        });
        Self { bar, what, begun, logged: begun }
    }

    /// How often [`update`](Self::update) wants to be called.
    pub fn interval(&self) -> Duration {
        REDRAW
    }

    pub fn update(&mut self, counts: ProgressCounts) {
        if let Some(bar) = &self.bar {
            bar.set_position(counts.values);
            return;
        }
        if self.logged.elapsed() < LOG_EVERY {
            return;
        }
        self.logged = Instant::now();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = counts.values as f64 / self.begun.elapsed().as_secs_f64().max(0.001);
        tracing::info!(
            target: "reseal", values = counts.values, resealed = counts.resealed,
            failed = counts.failed, conflicts = counts.conflicts, retries = counts.retries,
            per_second = rate.round(), "{}", self.what
        );
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
