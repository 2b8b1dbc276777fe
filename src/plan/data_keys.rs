//! What the data keys of a sample open: a few distinct ones are unwrapped, which shows before the first write
//! that the KMS keys are there and may be used, and that values open as the configuration says.

use std::collections::BTreeMap;

use super::DataKeyCount;
use super::ask::ASKED_MAX;
use super::decide::Draft;
use super::sample::{Sample, SampleCount};
use super::sampled::SampledValues;
use crate::crypto::wipe_unused_stack;
use crate::envelope::{self, Asked, EnvelopeColumn};
use crate::error::Result;
use crate::value::{ColumnWork, Reading, Scratch};

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
    let sampled = SampledValues::of(sample, index, work.in_documents(column.paths.as_ref()));
    let mut found: BTreeMap<Asked, u64> = BTreeMap::new();
    for value in &sampled.values {
        let (Ok(stored), texts) = (&value.stored, value.texts(draft)) else { continue };
        if let Ok(asked) = envelope::asked(layout, stored, &value.work.row(&texts)) {
            *found.entry(asked).or_default() += 1;
        }
    }
    let (data_keys, bindings) = (counted(found.values()), bindings(&found));
    let asked = found.into_keys().take(ASKED_MAX).collect();
    let known = envelope.ask_of_sample(asked).await?;
    let mut scratch = Scratch::default();
    let mut count = SampleCount {
        data_keys: Some(data_keys),
        bindings: Some(bindings),
        bytes: sampled.bytes,
        ..SampleCount::default()
    };
    let mut unasked = 0;
    for value in &sampled.values {
        let column = EnvelopeColumn { work: value.work, layout, envelope };
        let reading = match &value.stored {
            Err(reason) => Some(Reading::Unreadable(*reason)),
            Ok(stored) => {
                let texts = value.texts(draft);
                envelope::sample(column, Some(stored), &texts, &known, &mut scratch)
            }
        };
        match reading {
            Some(reading) => count.take(reading, false),
            None => unasked += 1,
        }
    }
    wipe_unused_stack();
    count.stand_for(unasked);
    Ok(Some(count))
}

fn counted<'c>(counts: impl Iterator<Item = &'c u64>) -> DataKeyCount {
    counts.fold(DataKeyCount::default(), |all, count| DataKeyCount {
        distinct: all.distinct + 1,
        once: all.once + u64::from(*count == 1),
    })
}

/// How many different things wrapped keys are bound to.
fn bindings(found: &BTreeMap<Asked, u64>) -> DataKeyCount {
    let mut counts = BTreeMap::new();
    for (asked, count) in found {
        *counts.entry(asked.key.bindings.target()).or_insert(0) += count;
    }
    counted(counts.values())
}
