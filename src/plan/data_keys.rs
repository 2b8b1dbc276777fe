//! What the data keys of a sample open: a few distinct ones are unwrapped, which shows before the first write
//! that the KMS keys are there and may be used, and that values open as the configuration says.

use std::collections::BTreeMap;

use super::DataKeyCount;
use super::ask::ASKED_MAX;
use super::decide::Draft;
use super::sample::{Sample, SampleCount, texts};
use crate::crypto::wipe_unused_stack;
use crate::envelope::{self, Asked, EnvelopeColumn};
use crate::error::Result;
use crate::value::{ColumnWork, Scratch};

/// Counts the sampled values of column number `index`; `None` when they have no wrapped data keys.
///
/// # Errors
/// Those of the services.
pub async fn count(draft: &Draft, index: usize, sample: &Sample) -> Result<Option<SampleCount>> {
    let column = &draft.columns[index];
    let (Some((layout, keys)), Some(envelope)) = (&column.layout, &column.envelope) else {
        return Ok(None);
    };
    let work = ColumnWork::new(keys, layout, column.aad_source());
    let mut found: BTreeMap<Asked, u64> = BTreeMap::new();
    for (row, stored, _) in sample.cells(index) {
        let texts = texts(draft, row);
        let asked = |stored| envelope::asked(layout, stored, &work.row(&texts)).ok();
        if let Some(asked) = stored.and_then(asked) {
            *found.entry(asked).or_default() += 1;
        }
    }
    let distinct = found.len() as u64;
    let once = found.values().filter(|count| **count == 1).count() as u64;
    let asked = found.into_keys().take(ASKED_MAX).collect();
    let known = envelope.ask_of_sample(asked).await?;
    let column = EnvelopeColumn { work, layout, envelope };
    let mut scratch = Scratch::default();
    let data_keys = Some(DataKeyCount { distinct, once });
    let mut count = SampleCount { data_keys, ..SampleCount::default() };
    let mut unasked = 0;
    let values = sample.cells(index).filter(|(.., bytes)| bytes.is_some_and(|bytes| bytes > 0));
    for (row, stored, bytes) in values {
        count.bytes += bytes.unwrap_or_default();
        let texts = texts(draft, row);
        match envelope::sample(column, stored, &texts, &known, &mut scratch) {
            Some(reading) => count.take(reading, false),
            None => unasked += 1,
        }
    }
    wipe_unused_stack();
    count.stand_for(unasked);
    Ok(Some(count))
}
