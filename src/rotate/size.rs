//! How many rows the next page has: towards a target commit time, halved by a timeout, grown again
//! slowly.

use std::time::Duration;

/// The first page of a shard: small enough for any table, the size grows from there.
const FIRST_ROWS: u32 = 500;
/// The first page of a physical walk, in blocks of the heap.
const FIRST_BLOCKS: u32 = 32;
/// After a timeout a page may grow by this part only.
const SLOW_GROWTH: u32 = 8;
/// A page of fewer rows is not slow because of its rows: it waits for the network or for its turn on a busy
/// machine, and would do so with a single row. Only a timeout makes it smaller.
const SLOW_ROWS_MIN: u32 = 32;

/// The size of the next page of one shard.
#[derive(Debug)]
pub struct PageSize {
    rows: u32,
    rows_max: u32,
    blocks: u32,
    /// What a commit should take: a fraction of what it may take.
    target: Duration,
    had_timeout: bool,
}

impl PageSize {
    /// `budget` is the longest that row locks may be held.
    pub fn new(rows_max: u32, budget: Duration) -> Self {
        Self {
            rows: FIRST_ROWS.min(rows_max),
            rows_max,
            blocks: FIRST_BLOCKS,
            target: budget / 4,
            had_timeout: false,
        }
    }

    pub fn rows(&self) -> u32 {
        self.rows
    }

    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    /// A page of `rows` rows was written in `took`.
    pub fn committed(&mut self, took: Duration) {
        let least = SLOW_ROWS_MIN.min(self.rows_max);
        if took > self.target && self.rows > least {
            self.rows = (self.rows * 3 / 4).max(least);
        } else if took * 2 < self.target || self.rows < least {
            let growth = if self.had_timeout { self.rows / SLOW_GROWTH + 1 } else { self.rows };
            self.rows = self.rows.saturating_add(growth).min(self.rows_max);
        }
    }

    /// A physical page of `blocks` blocks brought `rows` rows.
    pub fn read_blocks(&mut self, blocks: u32, rows: usize) {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX).max(1);
        let fitting = u64::from(blocks) * u64::from(self.rows) / u64::from(rows);
        let fitting = u32::try_from(fitting).unwrap_or(u32::MAX);
        self.blocks = fitting.clamp(1, self.blocks.saturating_mul(2));
    }

    /// A page was too much for the server: half of it next time.
    pub fn timed_out(&mut self) {
        self.had_timeout = true;
        self.rows = (self.rows / 2).max(1);
        self.blocks = (self.blocks / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Duration = Duration::from_millis(500);

    #[test]
    fn fast_pages_grow_to_the_bound() {
        let mut size = PageSize::new(5_000, BUDGET);
        for _ in 0..10 {
            size.committed(Duration::from_millis(5));
        }
        assert_eq!(size.rows(), 5_000);
    }

    #[test]
    fn a_timeout_halves_and_growth_is_slow_afterwards() {
        let mut size = PageSize::new(5_000, BUDGET);
        size.timed_out();
        assert_eq!(size.rows(), 250);
        size.committed(Duration::from_millis(5));
        assert_eq!(size.rows(), 282);
    }

    #[test]
    fn a_page_never_vanishes() {
        let mut size = PageSize::new(1, BUDGET);
        for _ in 0..5 {
            size.timed_out();
            size.committed(BUDGET);
        }
        assert_eq!((size.rows(), size.blocks()), (1, 1));
    }

    #[test]
    fn on_a_slow_network_pages_do_not_dwindle() {
        let mut size = PageSize::new(5_000, BUDGET);
        for _ in 0..50 {
            size.committed(BUDGET);
        }
        assert_eq!(size.rows(), SLOW_ROWS_MIN);
        for _ in 0..10 {
            size.timed_out();
        }
        assert_eq!(size.rows(), 1);
        for _ in 0..50 {
            size.committed(BUDGET);
        }
        assert!(size.rows() >= SLOW_ROWS_MIN, "{}", size.rows());
    }

    #[test]
    fn blocks_follow_the_rows_they_bring() {
        let mut size = PageSize::new(500, BUDGET);
        size.read_blocks(32, 3_200);
        assert_eq!(size.blocks(), 5);
        size.read_blocks(5, 0);
        assert_eq!(size.blocks(), 10);
    }
}
