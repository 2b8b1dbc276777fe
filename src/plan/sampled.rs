//! The sampled values that key services have a part in: cells, and values of documents, each with its row.

use tokio_postgres::Row;

use super::decide::Draft;
use super::sample::{Sample, texts};
use crate::value::{ColumnWork, FoundValue, Reason};

/// A value of a sample.
pub struct SampledValue<'s> {
    row: &'s Row,
    pub work: ColumnWork<'s>,
    /// Or why there is nothing to open.
    pub stored: Result<Vec<u8>, Reason>,
}

/// The values of one column, and the bytes of the cells that they stand in.
pub struct SampledValues<'s> {
    pub values: Vec<SampledValue<'s>>,
    pub bytes: u64,
}

impl<'s> SampledValues<'s> {
    /// Those of column number `index`; NULL and empty ones are left out.
    pub fn of(sample: &'s Sample, index: usize, work: ColumnWork<'s>) -> Self {
        let mut all = Self { values: Vec::new(), bytes: 0 };
        let cells = sample.cells(index);
        let cells = cells.filter(|(.., length)| length.is_some_and(|length| length > 0));
        for (row, stored, length) in cells {
            all.bytes += length.unwrap_or_default();
            let Some(documents) = work.documents() else {
                let stored = stored.map(<[u8]>::to_vec).ok_or(Reason::TooLarge);
                all.values.push(SampledValue { row, work, stored });
                continue;
            };
            match documents.values(stored) {
                Err(reason) => all.values.push(SampledValue { row, work, stored: Err(reason) }),
                Ok(values) => all.values.extend(values.into_iter().map(|value| {
                    let FoundValue { is_named, stored } = value.outcome;
                    let (work, stored) =
                        (*documents.work_of(is_named), stored.ok_or(Reason::Malformed));
                    SampledValue { row, work, stored }
                })),
            }
        }
        all
    }
}

impl<'s> SampledValue<'s> {
    /// The texts of its row.
    pub fn texts(&self, draft: &Draft) -> Vec<Option<&'s [u8]>> {
        texts(draft, self.row)
    }
}
