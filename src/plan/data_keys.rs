//! What the data keys of a sample open: a few distinct ones are unwrapped, which shows before the first write
//! that the KMS keys are there and may be used, and that values open as the configuration says.

use std::collections::BTreeMap;

use super::DataKeyCount;
use super::decide::Draft;
use super::sample::{Sample, SampleCount, texts};
use crate::crypto::wipe_unused_stack;
use crate::envelope::{self, Asked, EnvelopeColumn};
use crate::error::Result;
use crate::value::{AadSource, ColumnWork, Scratch};

/// Wrapped keys of one column that are unwrapped.
const ASKED_MAX: usize = 16;

/// Counts the sampled values of column number `index`; `None` when they have no wrapped data keys.
///
/// # Errors
/// Those of the services.
pub async fn count(draft: &Draft, index: usize, sample: &Sample) -> Result<Option<SampleCount>> {
    let column = &draft.columns[index];
    let (Some((layout, keys)), Some(envelope)) = (&column.layout, &column.envelope) else {
        return Ok(None);
    };
    let mut found: BTreeMap<Asked, u64> = BTreeMap::new();
    for (_, stored, _) in sample.cells(index) {
        if let Some(asked) = stored.and_then(|stored| envelope::asked(layout, stored)) {
            *found.entry(asked).or_default() += 1;
        }
    }
    let distinct = found.len() as u64;
    let once = found.values().filter(|count| **count == 1).count() as u64;
    let asked = found.into_keys().take(ASKED_MAX).collect();
    let known = envelope.ask_of_sample(asked).await?;
    let (table, name) = (&*column.aad_table, column.name.name());
    let source = AadSource { table, column: name, places: &column.aad_sources };
    let work = ColumnWork::new(keys, layout, source);
    let column = EnvelopeColumn { work, layout, envelope };
    let mut scratch = Scratch::default();
    let data_keys = Some(DataKeyCount { distinct, once });
    let mut count = SampleCount { data_keys, ..SampleCount::default() };
    for (row, stored, bytes) in sample.cells(index) {
        count.bytes += bytes;
        let texts = texts(draft, row);
        count.take(envelope::sample(column, stored, &texts, &known, &mut scratch), false);
    }
    wipe_unused_stack();
    Ok(Some(count))
}
