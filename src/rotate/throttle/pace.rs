//! A ceiling of rows a second, as an account: rows are booked when they are written, and paid as time passes.
//! Pure; the caller says what time it is.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// The account of one process.
#[derive(Debug)]
pub struct Pace {
    rate: Option<NonZeroU64>,
    /// Rows written since the process began, and how many of them have had their time.
    booked: f64,
    paid: f64,
    settled: Instant,
}

/// What was booked at one moment: whoever came then waits for no later rows.
#[derive(Clone, Copy, Debug)]
pub struct Ticket(f64);

impl Pace {
    /// 0 is no ceiling.
    pub fn new(rows_per_second: u64, now: Instant) -> Self {
        let rate = NonZeroU64::new(rows_per_second);
        Self { rate, booked: 0.0, paid: 0.0, settled: now }
    }

    pub fn rate(&self) -> Option<NonZeroU64> {
        self.rate
    }

    /// Another ceiling from now on.
    pub fn set(&mut self, rows_per_second: u64, now: Instant) {
        self.settle(now);
        self.rate = NonZeroU64::new(rows_per_second);
    }

    /// So many rows were written.
    pub fn book(&mut self, rows: u64, now: Instant) {
        self.settle(now);
        #[expect(clippy::cast_precision_loss, reason = "rows of one process")]
        let rows = rows as f64;
        self.booked += rows;
    }

    pub fn ticket(&self) -> Ticket {
        Ticket(self.booked)
    }

    /// How long it takes until what was booked up to the ticket is paid; zero when it is.
    pub fn owed(&mut self, ticket: Ticket, now: Instant) -> Duration {
        self.settle(now);
        let rows = (ticket.0 - self.paid).max(0.0);
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let seconds = self.rate.map(|rate| rows / rate.get() as f64);
        Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or(Duration::MAX)
    }

    fn settle(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.settled).as_secs_f64();
        self.settled = now;
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let paid = self.rate.map_or(self.booked, |rate| self.paid + seconds * rate.get() as f64);
        self.paid = paid.min(self.booked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn written_rows_take_their_time() {
        let begun = Instant::now();
        let mut pace = Pace::new(1_000, begun);
        assert_eq!(pace.owed(pace.ticket(), begun), Duration::ZERO);
        pace.book(500, begun);
        let first = pace.ticket();
        pace.book(500, begun);
        assert_eq!(pace.owed(first, begun), SECOND / 2, "later rows are others' to wait for");
        assert_eq!(pace.owed(pace.ticket(), begun), SECOND);
        assert_eq!(pace.owed(pace.ticket(), begun + SECOND), Duration::ZERO);
    }

    #[test]
    fn time_in_which_nothing_was_written_is_not_saved_up() {
        let begun = Instant::now();
        let mut pace = Pace::new(1_000, begun);
        pace.book(1_000, begun + 60 * SECOND);
        assert_eq!(pace.owed(pace.ticket(), begun + 60 * SECOND), SECOND);
    }

    #[test]
    fn another_ceiling_holds_from_then_on() {
        let begun = Instant::now();
        let mut pace = Pace::new(1, begun);
        pace.book(100, begun);
        pace.set(98, begun + 2 * SECOND);
        assert_eq!(pace.owed(pace.ticket(), begun + 2 * SECOND), SECOND);
        pace.set(0, begun + 2 * SECOND);
        assert_eq!(pace.owed(pace.ticket(), begun + 2 * SECOND), Duration::ZERO);
        pace.set(10, begun + 3 * SECOND);
        assert_eq!(pace.owed(pace.ticket(), begun + 3 * SECOND), Duration::ZERO, "it was paid");
    }
}
