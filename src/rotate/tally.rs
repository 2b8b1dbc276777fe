//! What became of the values of a page, column by column.

use std::fmt;
use std::ops::AddAssign;

use super::judge::Judgement;
use crate::db::ledger::shard::Tally;
use crate::value::Reason;

/// Of a page or a part of it: its rows, and the values of each configured column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageTally {
    pub rows: u64,
    pub columns: Vec<ColumnTally>,
    /// The failed ones among them.
    pub failures: FailureTally,
}

/// The values of one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnTally {
    pub current: u64,
    pub resealed: u64,
    pub failed: u64,
    pub conflicts: u64,
}

/// Failed values by reason; never by row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailureTally([u64; Reason::ALL.len()]);

impl FailureTally {
    pub fn add(&mut self, reason: Reason, values: u64) {
        for (count, of) in self.0.iter_mut().zip(Reason::ALL) {
            *count += if of == reason { values } else { 0 };
        }
    }

    /// Adds one value, when it has failed.
    pub fn add_judged(&mut self, value: &Judgement) {
        match value {
            Judgement::Failed(reason) => self.add(*reason, 1),
            Judgement::Refused { .. } => self.add(Reason::WriteRefused, 1),
            _ => {}
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for FailureTally {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}

/// `3 malformed, 1 write_refused`.
impl fmt::Display for FailureTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = self.0.iter().zip(Reason::ALL).filter(|(count, _)| **count > 0);
        for (nth, (count, reason)) in counted.enumerate() {
            let comma = if nth > 0 { ", " } else { "" };
            write!(f, "{comma}{count} {}", reason.as_str())?;
        }
        Ok(())
    }
}

impl ColumnTally {
    /// Adds one value, whose row was written or not.
    pub fn add(&mut self, value: &Judgement, is_written: bool) {
        match value {
            // the values of a document are its strings
            Judgement::Nothing
            | Judgement::Previous
            | Judgement::Unknown
            | Judgement::Document(_) => {}
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
        self.failures += other.failures;
        self.columns.resize(self.columns.len().max(other.columns.len()), ColumnTally::default());
        for (sum, more) in self.columns.iter_mut().zip(&other.columns) {
            sum.current += more.current;
            sum.resealed += more.resealed;
            sum.failed += more.failed;
            sum.conflicts += more.conflicts;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_by_reason_and_count() {
        let mut failures = FailureTally::default();
        assert_eq!(failures.to_string(), "");
        failures.add(Reason::WriteRefused, 1);
        failures.add(Reason::Malformed, 2);
        failures += failures;
        assert_eq!(failures.to_string(), "4 malformed, 2 write_refused");
    }
}
