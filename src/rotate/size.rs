//! How large the next page is: towards a target commit time, within what fits into memory, halved by a
//! timeout, grown again slowly.

use std::time::Duration;

/// The first page of a worker: small enough for any table, the size grows from there.
const FIRST_ROWS: u32 = 500;
/// After a timeout a page may grow by this part only.
const SLOW_GROWTH: u32 = 8;
/// A page of fewer rows is not slow because of its rows: it waits for the network or for its turn on a busy
/// machine, and would do so with a single row. Only a timeout makes it smaller.
const SLOW_ROWS_MIN: u32 = 32;

/// The first page of a walk, in blocks of the heap; and the largest: 128 MiB.
const FIRST_BLOCKS: u32 = 16;
const BLOCKS_MAX: u32 = 16_384;
/// What reading a page of a walk should take: a stop is met between pages, and so is the lease.
const SWEEP_TARGET: Duration = Duration::from_millis(250);

/// The size of a worker's next page.
#[derive(Debug)]
pub struct PageSize {
    rows: u32,
    rows_max: u32,
    /// As many as had room for the longest value of the last page.
    rows_fitting: u32,
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
            rows_fitting: rows_max,
            blocks: FIRST_BLOCKS,
            target: budget / 4,
            had_timeout: false,
        }
    }

    /// For one who only reads: no commit needs to stay small.
    pub fn of_reader(rows_max: u32) -> Self {
        Self { rows: rows_max, ..Self::new(rows_max, Duration::MAX) }
    }

    /// So many rows at most from now on.
    pub fn bound(&mut self, rows_max: u32) {
        self.rows_max = rows_max;
        self.rows = self.rows.min(rows_max);
        self.rows_fitting = self.rows_fitting.min(rows_max);
    }

    pub fn rows(&self) -> u32 {
        self.rows.min(self.rows_fitting)
    }

    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    /// So many rows have room, as far as is known now.
    pub fn fit(&mut self, rows: u64) {
        self.rows_fitting = u32::try_from(rows).unwrap_or(u32::MAX).clamp(1, self.rows_max);
    }

    /// A page of this size was written in `took`.
    pub fn committed(&mut self, took: Duration) {
        let least = SLOW_ROWS_MIN.min(self.rows_max);
        if took > self.target && self.rows > least {
            self.rows = (self.rows * 3 / 4).max(least);
        } else if took * 2 < self.target || self.rows < least {
            let growth = if self.had_timeout { self.rows / SLOW_GROWTH + 1 } else { self.rows };
            self.rows = self.rows.saturating_add(growth).min(self.rows_max);
        }
    }

    /// So many blocks were read in `took`, until what is to be done about their rows filled a page.
    pub fn swept(&mut self, blocks: u32, took: Duration) {
        let blocks = blocks.min(self.blocks).max(1);
        self.blocks = match took {
            took if took > SWEEP_TARGET => (blocks / 2).max(1),
            took if took * 2 < SWEEP_TARGET => (blocks * 2).min(BLOCKS_MAX),
            _ => blocks,
        };
    }

    /// A page was too much for the server: half of it next time.
    pub fn timed_out(&mut self) {
        self.had_timeout = true;
        self.rows = (self.rows / 2).max(1);
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
            size.fit(0);
            size.swept(0, SWEEP_TARGET * 2);
        }
        assert_eq!((size.rows(), size.blocks()), (1, 1));
    }

    #[test]
    fn long_values_make_pages_of_few_rows_and_short_ones_forget_it() {
        let mut size = PageSize::new(5_000, BUDGET);
        size.fit(3);
        assert_eq!(size.rows(), 3);
        size.fit(50_000);
        assert_eq!(size.rows(), FIRST_ROWS);
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
    fn a_walk_grows_while_it_is_quick() {
        let mut size = PageSize::new(500, BUDGET);
        size.swept(16, Duration::from_millis(10));
        assert_eq!(size.blocks(), 32);
        size.swept(32, SWEEP_TARGET * 2);
        assert_eq!(size.blocks(), 16);
        size.swept(3, Duration::from_millis(10));
        assert_eq!(size.blocks(), 6);
    }
}
