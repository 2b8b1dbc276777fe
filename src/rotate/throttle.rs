//! Holds this process back to a number of rewritten rows a second. What only reads is not held back.

use std::num::NonZeroU64;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::context::Stop;
use super::waits::{Wait, WaitReason, Waits};
use crate::error::Result;

/// A page takes this part of a second at most, so that a worker is never silent for as long as a lease.
const PAGES_PER_SECOND: u64 = 4;

/// A ceiling that the workers of this process share.
#[derive(Debug)]
pub struct Throttle {
    rows_per_second: Option<NonZeroU64>,
    /// When everything that was written so far has had its time.
    paid_until: Mutex<Instant>,
}

impl Throttle {
    /// 0 is no ceiling.
    pub fn new(rows_per_second: u64) -> Self {
        let rows_per_second = NonZeroU64::new(rows_per_second);
        Self { rows_per_second, paid_until: Mutex::new(Instant::now()) }
    }

    /// Rows of a page of one of so many workers, at most.
    pub fn page_rows(&self, workers: usize, page_rows_max: u32) -> u32 {
        let Some(rate) = self.rows_per_second else { return page_rows_max };
        let share = rate.get() / (PAGES_PER_SECOND * workers.max(1) as u64);
        u32::try_from(share).unwrap_or(u32::MAX).clamp(1, page_rows_max)
    }

    /// Waits until so many written rows have had their time.
    ///
    /// # Errors
    /// Exit 4 when the process is asked to stop meanwhile.
    pub async fn pay(&self, rows: u64, stop: &Stop, waits: &Waits) -> Result<()> {
        let wait = self.time_of(rows).map(|time| self.book(time)).unwrap_or_default();
        let Some(rate) = self.rows_per_second.filter(|_| !wait.is_zero()) else { return Ok(()) };
        let text = format!("holds to {rate} rows a second");
        let _waiting = waits.begin(Wait { reason: WaitReason::RowsPerSecond, text });
        stop.sleep(wait).await
    }

    fn time_of(&self, rows: u64) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        self.rows_per_second.map(|rate| Duration::from_secs_f64(rows as f64 / rate.get() as f64))
    }

    /// How long is left until this time, too, has passed.
    fn book(&self, time: Duration) -> Duration {
        let now = Instant::now();
        let mut paid_until = self.paid_until.lock().expect("nothing panics while it is held");
        *paid_until = (*paid_until).max(now) + time;
        paid_until.duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_rows_take_their_time() {
        let throttle = Throttle::new(1_000);
        let first = throttle.book(throttle.time_of(500).expect("a ceiling"));
        assert!(first <= Duration::from_millis(500));
        let second = throttle.book(throttle.time_of(500).expect("a ceiling"));
        assert!(second > Duration::from_millis(500), "one after the other: {second:?}");
    }

    #[test]
    fn a_page_is_small_where_the_ceiling_is_low() {
        assert_eq!(Throttle::new(0).page_rows(2, 5_000), 5_000);
        assert_eq!(Throttle::new(1_000_000).page_rows(2, 5_000), 5_000);
        assert_eq!(Throttle::new(1_000).page_rows(2, 5_000), 125);
        assert_eq!(Throttle::new(1).page_rows(64, 5_000), 1);
    }
}
