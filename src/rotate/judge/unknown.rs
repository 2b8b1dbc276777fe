//! Values whose judgement is still to come, because somebody must be asked: cells, and values of documents.

use super::{JudgedPage, Judgement};
use crate::error::Result;
use crate::plan::TablePlan;
use crate::value::{ColumnWork, DocumentWork, FoundValue, Placed};

/// Where a value stands on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub cell: usize,
    /// Which of the values of a document.
    value: Option<usize>,
}

/// A value whose judgement is still to come.
pub(super) struct UnknownValue {
    pub spot: Spot,
    pub stored: Vec<u8>,
    /// Of values in documents: a path names it.
    pub is_named: bool,
}

impl UnknownValue {
    /// How it is worked on, among the values of its column.
    pub fn work<'a>(&self, column: ColumnWork<'a>) -> ColumnWork<'a> {
        column.documents().map_or(column, |documents| *documents.work_of(self.is_named))
    }
}

impl JudgedPage {
    /// The values of a column whose judgement is still to come.
    pub(super) fn unknown_in(&self, table: &TablePlan, column: usize) -> Vec<UnknownValue> {
        let documents = table.columns[column].work().documents();
        let cells = (column..self.judgements.len()).step_by(self.columns.max(1));
        cells.flat_map(|cell| self.unknown_of(cell, documents.as_ref())).collect()
    }

    fn unknown_of(&self, cell: usize, documents: Option<&DocumentWork<'_>>) -> Vec<UnknownValue> {
        let stored = self.page.value(cell / self.columns, cell % self.columns).stored;
        match (&self.judgements[cell], documents) {
            (Judgement::Unknown, _) => {
                let spot = Spot { cell, value: None };
                let value =
                    |stored: &[u8]| UnknownValue { spot, stored: stored.to_vec(), is_named: true };
                stored.map(value).into_iter().collect()
            }
            (Judgement::Document(_), Some(documents)) => {
                self.unknown_within(cell, documents, stored)
            }
            _ => Vec::new(),
        }
    }

    fn unknown_within(
        &self,
        cell: usize,
        documents: &DocumentWork<'_>,
        stored: Option<&[u8]>,
    ) -> Vec<UnknownValue> {
        let judged = self.judgements[cell].values().enumerate();
        let unknown = judged.filter(|(_, (_, value))| **value == Judgement::Unknown);
        let unknown: Vec<(usize, usize)> =
            unknown.filter_map(|(n, (place, _))| Some((n, place?.start))).collect();
        if unknown.is_empty() {
            return Vec::new();
        }
        let values: Vec<Placed<FoundValue>> = documents.values(stored).unwrap_or_default();
        let value = |(n, start)| {
            let found = values.iter().find(|value| value.place.start == start)?;
            let FoundValue { is_named, stored } = found.outcome.clone();
            let spot = Spot { cell, value: Some(n) };
            Some(UnknownValue { spot, stored: stored?, is_named })
        };
        unknown.into_iter().filter_map(value).collect()
    }

    pub(super) fn decide(&mut self, spot: Spot, judgement: Judgement) {
        match spot.value {
            None => self.judgements[spot.cell] = judgement,
            Some(value) => self.judgements[spot.cell].decide(value, judgement),
        }
    }

    /// Puts the documents of a column together whose every value is judged.
    ///
    /// # Errors
    /// One does not read back, which is a bug.
    pub(super) fn put_together(&mut self, table: &TablePlan, column: usize) -> Result<()> {
        let Some(documents) = table.columns[column].work().documents() else { return Ok(()) };
        for row in 0..self.page.len() {
            if let Some(stored) = self.page.value(row, column).stored {
                let judgement = &mut self.judgements[row * self.columns + column];
                judgement.put_together(&documents, stored)?;
            }
        }
        Ok(())
    }
}
