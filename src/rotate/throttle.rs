//! Holds this process back. What only reads is not held back by what it would write.

mod pace;

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::waits::{Wait, WaitReason};
use pace::Pace;
pub use pace::Ticket;

/// A page takes this part of a second at most, so that what is wanted meanwhile is seen in time.
const PAGES_PER_SECOND: u64 = 4;

/// What the workers of this process share to be held back by.
#[derive(Debug)]
pub struct Throttle {
    pace: Mutex<Pace>,
}

impl Throttle {
    /// 0 is no ceiling.
    pub fn new(rows_per_second: u64) -> Self {
        Self { pace: Mutex::new(Pace::new(rows_per_second, Instant::now())) }
    }

    /// Another ceiling from now on.
    pub fn set_rows_per_second(&self, rows_per_second: u64) {
        self.pace().set(rows_per_second, Instant::now());
    }

    /// Rows of a page of one of so many workers, at most.
    pub fn page_rows(&self, workers: usize, page_rows_max: u32) -> u32 {
        let Some(rate) = self.pace().rate() else { return page_rows_max };
        let share = rate.get() / (PAGES_PER_SECOND * workers.max(1) as u64);
        u32::try_from(share).unwrap_or(u32::MAX).clamp(1, page_rows_max)
    }

    /// Rows were written.
    pub fn wrote(&self, rows: u64) {
        self.pace().book(rows, Instant::now());
    }

    /// What a page that is to be written now has to wait for.
    pub fn ticket(&self) -> Ticket {
        self.pace().ticket()
    }

    /// What a worker waits for, and how long at least; `None` when it may go on.
    pub fn wait(&self, writes: bool, ticket: Ticket) -> Option<(Wait, Duration)> {
        if !writes {
            return None;
        }
        let mut pace = self.pace();
        let owed = pace.owed(ticket, Instant::now());
        let rate = pace.rate().filter(|_| !owed.is_zero())?;
        let text = format!("holds to {rate} rows a second");
        Some((Wait { reason: WaitReason::RowsPerSecond, text }, owed))
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().expect("nothing panics while it is held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_small_where_the_ceiling_is_low() {
        assert_eq!(Throttle::new(0).page_rows(2, 5_000), 5_000);
        assert_eq!(Throttle::new(1_000_000).page_rows(2, 5_000), 5_000);
        assert_eq!(Throttle::new(1_000).page_rows(2, 5_000), 125);
        assert_eq!(Throttle::new(1).page_rows(64, 5_000), 1);
    }

    #[test]
    fn what_only_reads_is_not_held_back() {
        let throttle = Throttle::new(1);
        throttle.wrote(100);
        let ticket = throttle.ticket();
        assert_eq!(throttle.wait(false, ticket), None);
        let (wait, _) = throttle.wait(true, ticket).expect("a wait");
        assert_eq!(wait.text, "holds to 1 rows a second");
        throttle.set_rows_per_second(0);
        assert_eq!(throttle.wait(true, ticket), None);
    }
}
