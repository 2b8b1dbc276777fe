//! What key services say of a sample. Most values are told by the version that they name; of the others a few
//! are asked about, which shows before the first write that the keys are there and may be used as a run will.

use std::collections::BTreeMap;

use super::data_keys;
use super::decide::{Draft, Purpose};
use super::sample::{Sample, SampleCount};
use super::sampled::SampledValues;
use crate::crypto::wipe_unused_stack;
use crate::error::Result;
use crate::sealed::{Answer, AskedColumn, Question, Sorted, ask, sort};
use crate::value::{ColumnWork, Intent, Reading, Reason, Resealing, Scratch};

/// Values of one column that services are asked about, or wrapped data keys.
pub(super) const ASKED_MAX: usize = 16;

/// What key services say of the samples, by draft and column.
pub type Asked = BTreeMap<(usize, usize), SampleCount>;

/// Asks about every column that key services seal.
///
/// # Errors
/// Those of the services.
pub async fn all(
    drafts: &[Draft],
    drawn: &[(Sample, Option<f64>)],
    purpose: Purpose,
) -> Result<Asked> {
    let mut asked = Asked::new();
    for (place, (draft, (sample, _))) in drafts.iter().zip(drawn).enumerate() {
        for index in 0..draft.columns.len() {
            let count = match count(draft, index, sample, purpose).await? {
                None => data_keys::count(draft, index, sample).await?,
                counted => counted,
            };
            asked.extend(count.map(|count| ((place, index), count)));
        }
    }
    Ok(asked)
}

/// Counts the sampled values of column number `index`; `None` when no key service seals any.
///
/// # Errors
/// Those of the services.
async fn count(
    draft: &Draft,
    index: usize,
    sample: &Sample,
    purpose: Purpose,
) -> Result<Option<SampleCount>> {
    let column = &draft.columns[index];
    let (Some((layout, _)), Some(sealed)) = (&column.layout, &column.sealed) else {
        return Ok(None);
    };
    let intent = match purpose {
        Purpose::Rotate => Intent::Reseal,
        Purpose::Verify => Intent::Read,
    };
    let (mut count, questions, unasked) = sorted(draft, index, sample, intent)?;
    let columns = [Some(AskedColumn { layout, sealed })];
    let mut of_asked = SampleCount::default();
    for (_, answer) in ask(&columns, questions, intent).await? {
        of_asked.take(reading(&answer), false);
    }
    of_asked.stand_for(unasked);
    count.values += of_asked.values;
    count.current += of_asked.current;
    count.previous += of_asked.previous;
    for (reason, counted) in of_asked.reasons {
        *count.reasons.entry(reason).or_default() += counted;
    }
    Ok(Some(count))
}

/// What is told without asking, what is asked, and how many more could be.
fn sorted(
    draft: &Draft,
    index: usize,
    sample: &Sample,
    intent: Intent,
) -> Result<(SampleCount, Vec<Question>, u64)> {
    let (mut count, mut questions, mut unasked) = (SampleCount::default(), Vec::new(), 0);
    let column = &draft.columns[index];
    let (Some((layout, keys)), Some(sealed)) = (&column.layout, &column.sealed) else {
        return Ok((count, questions, unasked));
    };
    let work = ColumnWork::new(keys, layout, column.aad_source());
    let sampled = SampledValues::of(sample, index, work.in_documents(column.paths.as_ref()));
    count.bytes = sampled.bytes;
    let mut scratch = Scratch::default();
    for (n, value) in sampled.values.iter().enumerate() {
        let (column, texts) = ((&value.work, layout, sealed), value.texts(draft));
        let stored = match &value.stored {
            Ok(stored) => stored,
            Err(reason) => {
                count.take(Reading::Unreadable(*reason), false);
                continue;
            }
        };
        match sort(column, Some(stored), &texts, intent, &mut scratch)? {
            Sorted::Read(reading) => count.take(reading, false),
            Sorted::Resealed(resealing) => count.take(resealed(&resealing), false),
            Sorted::Ask if questions.len() < ASKED_MAX => {
                let asked = Question::of((n, 0), column, stored, &texts, intent, &mut scratch);
                match asked {
                    Ok(question) => questions.push(question),
                    Err(reason) => count.take(Reading::Unreadable(reason), false),
                }
            }
            Sorted::Ask => unasked += 1,
        }
    }
    wipe_unused_stack();
    Ok((count, questions, unasked))
}

fn resealed(resealing: &Resealing) -> Reading {
    match resealing {
        Resealing::AlreadyCurrent => Reading::Current,
        Resealing::Left => Reading::Left,
        Resealing::Resealed(_) => Reading::Previous(0),
        Resealing::Failed(reason) => Reading::Unreadable(*reason),
    }
}

fn reading(answer: &Answer) -> Reading {
    match answer {
        Answer::Current => Reading::Current,
        Answer::Previous | Answer::Sealed(_) | Answer::Shown(_) => Reading::Previous(0),
        Answer::Failed(reason) => Reading::Unreadable(Reason::clone(reason)),
    }
}
