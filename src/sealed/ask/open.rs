//! Opens values, or has their service wrap them again, which opens them where nobody sees it.

use zeroize::Zeroizing;

use super::{Answer, AskedColumn};
use crate::error::{Error, Result};
use crate::kms::{Item, ItemOutcome, KmsKey, OpenedItem, Rewrap, RewrappedItem};
use crate::sealed::newest::late;
use crate::sealed::question::{Question, Source};
use crate::value::Intent;

/// What came of one value in one of the layouts that it may have.
pub(super) enum Opened {
    Answer(Answer),
    Shown(Zeroizing<Vec<u8>>),
    /// It is none of this key's, or bound to something else.
    Not,
}

/// Tries values of one column in one layout, which each has as its next source.
pub(super) async fn open(
    column: AskedColumn<'_>,
    place: usize,
    group: Vec<Question>,
    intent: Intent,
) -> Result<Vec<(Question, Opened)>> {
    let Some(key) = column.sealed.key(place) else {
        // only the key that is written is at hand: another one's values are not its own
        return Ok(group.into_iter().map(|question| (question, Opened::Not)).collect());
    };
    let written = column.sealed.key(0).filter(|_| column.sealed.is_written());
    let sources: Vec<&Source> =
        group.iter().filter_map(|question| question.sources.front()).collect();
    let rewraps = |(question, source): (&Question, &&Source)| {
        written.is_some_and(|written| key.rewraps_to(written, [&source.binding, &question.target]))
    };
    let opened = match written {
        Some(written) if group.iter().zip(&sources).all(rewraps) && is_to_be_wrapped(intent) => {
            rewrapped(column, (key, written), (place, intent), &group, &sources).await?
        }
        _ => shown(column, key, place, &sources, intent).await?,
    };
    Ok(group.into_iter().zip(opened).collect())
}

/// A wrapping that is thrown away costs as much as an opening; where nothing is written, opening says more.
fn is_to_be_wrapped(intent: Intent) -> bool {
    intent.reseals()
}

async fn rewrapped(
    column: AskedColumn<'_>,
    (key, written): (&KmsKey, &KmsKey),
    (place, intent): (usize, Intent),
    group: &[Question],
    sources: &[&Source],
) -> Result<Vec<Opened>> {
    let items: Vec<Rewrap<'_>> = group
        .iter()
        .zip(sources)
        .map(|(question, source)| Rewrap { item: item(source), binding: &question.target })
        .collect();
    let outcomes = key.rewrap_all(&items, written).await?;
    let opened = outcomes.into_iter().zip(sources).map(|(outcome, source)| match outcome {
        ItemOutcome::Refused(_) => Ok(Opened::Not),
        ItemOutcome::Done(RewrappedItem { sealed, former_version }) => {
            // the same key, the same binding and the same version: it was as it should be
            let former_version = former_version.as_deref().or(source.version.as_deref());
            if place == 0 && column.sealed.is_wanted(former_version) {
                return Ok(Opened::Answer(column.current(source, intent)));
            }
            if !column.sealed.is_wanted(sealed.version.as_deref()) {
                let newest = column.sealed.written().and_then(|(_, newest)| newest);
                return Err(late(written.uri(), sealed.version.as_deref(), newest));
            }
            let stored = column.stored(&sealed.ciphertext, sealed.version.as_deref());
            Ok(Opened::Answer(Answer::Sealed(stored)))
        }
    });
    opened.collect()
}

async fn shown(
    column: AskedColumn<'_>,
    key: &KmsKey,
    place: usize,
    sources: &[&Source],
    intent: Intent,
) -> Result<Vec<Opened>> {
    let items: Vec<Item<'_>> = sources.iter().map(|source| item(source)).collect();
    let outcomes = key.open_all(&items).await?;
    let opened = outcomes.into_iter().zip(sources).map(|(outcome, source)| match outcome {
        ItemOutcome::Refused(_) => Opened::Not,
        ItemOutcome::Done(opened) if place == 0 && is_current(column, &opened) => {
            Opened::Answer(column.current(source, intent))
        }
        ItemOutcome::Done(_) if !intent.reseals() => Opened::Answer(Answer::Previous),
        ItemOutcome::Done(opened) => Opened::Shown(opened.plaintext),
    });
    Ok(opened.collect())
}

/// Whether what was opened in the layout that is written had been sealed by the version that is wanted.
fn is_current(column: AskedColumn<'_>, opened: &OpenedItem) -> bool {
    column.sealed.is_written()
        && opened.is_newest.unwrap_or_else(|| column.sealed.is_wanted(opened.version.as_deref()))
}

fn item<'s>(source: &'s Source) -> Item<'s> {
    Item { bytes: &source.ciphertext, binding: &source.binding, version: source.version.as_deref() }
}

/// A service that answers less than it was asked.
pub(super) fn too_few() -> Error {
    Error::bug("a key service's answers were lost")
}
