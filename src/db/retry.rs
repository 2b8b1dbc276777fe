//! How long trouble outside is borne: exponential backoff with jitter, within a bound.
//!
//! Only what ends in 5 is worth another attempt, unless it was given up already. It knows no
//! statements; what is done again is the caller's.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ExitCode};

/// The first pause is at most this long, and each next one twice as long …
const FIRST_PAUSE_MAX: Duration = Duration::from_millis(100);
/// … up to this.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Trouble since the last progress, and how long it may go on.
#[derive(Debug)]
pub struct Patience {
    retry_for: Duration,
    trouble_since: Option<Instant>,
    /// Failed ones since the last progress.
    attempts: u32,
}

impl Patience {
    /// `retry_for`: how long attempts go on without progress.
    pub fn new(retry_for: Duration) -> Self {
        Self { retry_for, trouble_since: None, attempts: 0 }
    }

    /// Something succeeded: the next trouble has the whole time again.
    pub fn progress(&mut self) {
        self.trouble_since = None;
        self.attempts = 0;
    }

    /// Others got something done: the time begins anew, the pauses stay as long as they are.
    pub fn progress_of_others(&mut self) {
        self.trouble_since = None;
    }

    /// Whether there is trouble that has not passed.
    pub fn is_tried(&self) -> bool {
        self.attempts > 0
    }

    /// How long to wait before the next attempt; gives the error back when none would help or the
    /// time is over.
    pub fn next_pause(&mut self, error: Error) -> Result<Duration, Error> {
        if error.exit_code != ExitCode::Outside || error.given_up {
            return Err(error);
        }
        let now = Instant::now();
        let since = *self.trouble_since.get_or_insert(now);
        let left = self.retry_for.saturating_sub(now - since);
        self.attempts = self.attempts.saturating_add(1);
        if left.is_zero() {
            return Err(self.exhausted(error));
        }
        let doublings = self.attempts.saturating_sub(1).min(16);
        let longest = FIRST_PAUSE_MAX.saturating_mul(1 << doublings).min(PAUSE_MAX);
        Ok(longest.mul_f64(jitter()).min(left))
    }

    fn exhausted(&self, mut error: Error) -> Error {
        let seconds = self.retry_for.as_secs_f64();
        error.what = format!(
            "{}; given up after {} attempts within {seconds} s without progress",
            error.what, self.attempts
        );
        error
    }
}

/// Between a half and one, so that workers that fail together do not come back together.
fn jitter() -> f64 {
    let mut byte = [128_u8];
    // Without randomness the pause is merely less spread.
    let _spread = getrandom::fill(&mut byte);
    0.5 + f64::from(byte[0]) / 510.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_start_again_after_progress() {
        let mut patience = Patience::new(Duration::from_secs(3600));
        for attempt in 0..12 {
            let longest = FIRST_PAUSE_MAX.saturating_mul(1 << attempt).min(PAUSE_MAX);
            let pause = patience.next_pause(Error::outside("down")).unwrap();
            assert!(pause >= longest / 2 && pause <= longest, "attempt {attempt}: {pause:?}");
        }
        patience.progress();
        assert!(patience.next_pause(Error::outside("down")).unwrap() <= FIRST_PAUSE_MAX);
    }

    #[test]
    fn what_no_attempt_helps_is_given_back_at_once() {
        let mut patience = Patience::new(Duration::from_secs(3600));
        for error in [Error::usage("words"), Error::refused("plan"), Error::bug("bug")] {
            assert_eq!(patience.next_pause(error.clone()), Err(error));
        }
        assert_eq!(patience.attempts, 0);
    }

    #[test]
    fn progress_of_others_begins_the_time_anew() {
        let retry_for = Duration::from_millis(20);
        let mut patience = Patience::new(retry_for);
        patience.next_pause(Error::outside("full")).unwrap();
        for _ in 0..3 {
            std::thread::sleep(retry_for);
            patience.progress_of_others();
            patience.next_pause(Error::outside("full")).unwrap();
        }
        assert_eq!(patience.attempts, 4, "the pauses stay as long as they are");
        std::thread::sleep(retry_for);
        patience.next_pause(Error::outside("full")).unwrap_err();
    }

    #[test]
    fn without_progress_it_ends() {
        let mut patience = Patience::new(Duration::ZERO);
        let error = patience.next_pause(Error::outside("down").hint("start it")).unwrap_err();
        assert_eq!(error.exit_code, ExitCode::Outside);
        assert!(error.what.starts_with("down; given up after 1 attempts"), "{}", error.what);
        assert_eq!(error.hint.as_deref(), Some("start it"));
    }
}
