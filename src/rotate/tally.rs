//! What became of the values of a page, column by column.

use std::ops::AddAssign;

use super::judge::Judgement;
use crate::db::ledger::shard::Tally;

/// Of a page or a part of it: its rows, and the values of each configured column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageTally {
    pub rows: u64,
    pub columns: Vec<ColumnTally>,
}

/// The values of one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnTally {
    pub current: u64,
    pub resealed: u64,
    pub failed: u64,
    pub conflicts: u64,
}

impl ColumnTally {
    /// Adds one value, whose row was written or not.
    pub fn add(&mut self, value: &Judgement, is_written: bool) {
        match value {
            // the values of a document are its strings
            Judgement::Nothing | Judgement::Previous | Judgement::Document(_) => {}
            Judgement::Current => self.current += 1,
            Judgement::Failed(_) | Judgement::Refused { .. } => self.failed += 1,
            Judgement::Resealed(_) if is_written => self.resealed += 1,
            Judgement::Resealed(_) => self.conflicts += 1,
        }
    }
}

impl PageTally {
    pub fn resealed(&self) -> u64 {
        self.columns.iter().map(|column| column.resealed).sum()
    }

    /// What the checkpoint adds: all columns together.
    pub fn sum(&self) -> Tally {
        let mut sum = Tally { rows: self.rows, ..Tally::default() };
        for column in &self.columns {
            sum.current += column.current;
            sum.resealed += column.resealed;
            sum.failed += column.failed;
            sum.conflicts += column.conflicts;
        }
        sum
    }
}

impl AddAssign<&PageTally> for PageTally {
    fn add_assign(&mut self, other: &PageTally) {
        self.rows += other.rows;
        self.columns.resize(self.columns.len().max(other.columns.len()), ColumnTally::default());
        for (sum, more) in self.columns.iter_mut().zip(&other.columns) {
            sum.current += more.current;
            sum.resealed += more.resealed;
            sum.failed += more.failed;
            sum.conflicts += more.conflicts;
        }
    }
}
