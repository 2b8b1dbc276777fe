//! How many values this process may still write: `--max-records`, the canary's size.
//!
//! Taken before a page is written, by all workers from one heap; what was not needed is given back.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use super::judge::JudgedPage;
use crate::error::{Error, ExitCode, Result};

/// Values that may be written, over all workers of this process.
#[derive(Debug)]
pub struct RecordBudget {
    max: Option<NonZeroU64>,
    left: AtomicU64,
}

/// What of a page may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// So many of its first rows.
    pub rows: usize,
    /// These are all of its rows.
    pub is_whole: bool,
    /// Values that were taken for them.
    pub taken: u64,
}

impl RecordBudget {
    /// `None` is no bound.
    pub fn new(max: Option<NonZeroU64>) -> Self {
        Self { max, left: AtomicU64::new(max.map_or(u64::MAX, NonZeroU64::get)) }
    }

    /// Takes for as many rows of a page as there is room for.
    ///
    /// # Errors
    /// Exit 6 when there is none for its first row.
    pub fn share(&self, page: &JudgedPage) -> Result<Share> {
        let rows = page.page.len();
        if self.max.is_none() {
            return Ok(Share { rows, is_whole: true, taken: 0 });
        }
        let share = self.of_rows((0..rows).map(|row| page.resealed(row)));
        match share.rows {
            0 if !share.is_whole => Err(self.spent()),
            _ => Ok(share),
        }
    }

    /// Takes for one row with so many values.
    ///
    /// # Errors
    /// Exit 6 when there are fewer left.
    pub fn share_of_row(&self, values: u64) -> Result<Share> {
        let share = self.of_rows(std::iter::once(values));
        if share.is_whole { Ok(share) } else { Err(self.spent()) }
    }

    /// After a page of which only a part was written.
    ///
    /// # Errors
    /// Exit 6 then.
    pub fn go_on(&self, share: Share) -> Result<()> {
        if share.is_whole { Ok(()) } else { Err(self.spent()) }
    }

    /// Takes for the first of rows with so many values each.
    fn of_rows(&self, values: impl Iterator<Item = u64>) -> Share {
        let values: Vec<u64> = values.collect();
        let mut taken = self.take(values.iter().sum());
        let mut room = taken;
        let fits = |values: &&u64| room.checked_sub(**values).map(|left| room = left).is_some();
        let rows = values.iter().take_while(fits).count();
        self.give_back(room);
        taken -= room;
        Share { rows, is_whole: rows == values.len(), taken }
    }

    /// As many as are left, at most so many.
    fn take(&self, values: u64) -> u64 {
        let mut left = self.left.load(Ordering::Relaxed);
        loop {
            let taken = values.min(left);
            let rest = left - taken;
            match self.left.compare_exchange_weak(left, rest, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return taken,
                Err(now) => left = now,
            }
        }
    }

    /// What was taken and not written. Where nobody knows whether it was, nothing is given back.
    pub fn give_back(&self, values: u64) {
        self.left.fetch_add(values, Ordering::Relaxed);
    }

    /// The error that ends the process.
    fn spent(&self) -> Error {
        let max = self.max.map_or(0, NonZeroU64::get);
        Error::new(ExitCode::BudgetSpent, format!("the budget of {max} records is spent"))
            .at("max_records")
            .hint("the same command resumes where this one stopped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(max: u64) -> RecordBudget {
        RecordBudget::new(NonZeroU64::new(max))
    }

    fn share(rows: usize, is_whole: bool, taken: u64) -> Share {
        Share { rows, is_whole, taken }
    }

    #[test]
    fn rows_are_taken_whole_and_what_is_left_over_given_back() {
        let budget = budget(5);
        assert_eq!(budget.of_rows([2, 0, 2, 2, 1].into_iter()), share(3, false, 4));
        assert_eq!(budget.of_rows([0, 0].into_iter()), share(2, true, 0));
        assert_eq!(budget.of_rows([1, 0, 1].into_iter()), share(2, false, 1));
        assert_eq!(budget.of_rows([0, 1].into_iter()), share(1, false, 0));
        budget.give_back(1);
        assert_eq!(budget.share_of_row(1), Ok(share(1, true, 1)));
        assert_eq!(budget.share_of_row(1).unwrap_err().exit_code, ExitCode::BudgetSpent);
    }

    #[test]
    fn an_empty_page_needs_nothing() {
        let budget = budget(1);
        assert_eq!(budget.take(1), 1);
        assert_eq!(budget.of_rows(std::iter::empty()), share(0, true, 0));
    }
}
