//! What can be told of a value without asking anybody. Pure.

use super::SealedColumn;
use super::column::Told;
use crate::error::Result;
use crate::layout::{ColumnLayout, DecodeBuffer, ServiceForm};
use crate::value::{ColumnWork, Intent, Reading, Reason, Resealing, Scratch};

/// What became of a value at first sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sorted {
    Read(Reading),
    /// Without any service: a key of the ring had sealed it, and seals it again.
    Resealed(Resealing),
    /// A service must be asked.
    Ask,
}

/// Sorts a value of a column that key services seal, or sealed.
///
/// # Errors
/// Those of resealing with keys of the ring.
pub fn sort(
    (work, layout, column): (&ColumnWork<'_>, &ColumnLayout, &SealedColumn),
    stored: Option<&[u8]>,
    texts: &[Option<&[u8]>],
    intent: Intent,
    scratch: &mut Scratch,
) -> Result<Sorted> {
    let Some(stored) = stored else {
        return Ok(Sorted::Read(Reading::Unreadable(Reason::TooLarge)));
    };
    let mut reason = Reason::Malformed;
    if layout.needs_ring() {
        if intent.reseals() && !column.is_written() {
            match work.reseal(Some(stored), texts, scratch)? {
                Resealing::Failed(why) => reason = why,
                done => return Ok(Sorted::Resealed(done)),
            }
        } else {
            match work.read(Some(stored), texts, scratch) {
                Reading::Unreadable(why) => reason = why,
                _ if intent.reseals() => return Ok(Sorted::Ask),
                reading => return Ok(Sorted::Read(reading)),
            }
        }
    }
    if reason == Reason::Malformed && work.leaves_unmatched() && shapes(layout, stored).is_empty() {
        return Ok(Sorted::Read(Reading::Left));
    }
    Ok(of_services(layout, column, stored, intent, reason))
}

/// By its shape, and by the version that it names.
fn of_services(
    layout: &ColumnLayout,
    column: &SealedColumn,
    stored: &[u8],
    intent: Intent,
    reason: Reason,
) -> Sorted {
    let to_do = match intent.reseals() {
        true => Sorted::Ask,
        false => Sorted::Read(Reading::Previous(0)),
    };
    let shapes = shapes(layout, stored);
    let Some(first) = shapes.first() else { return Sorted::Read(Reading::Unreadable(reason)) };
    if first.place > 0 {
        return to_do;
    }
    match column.told(first.version.as_deref()) {
        Told::Done if column.verify_open() && intent.proves() => Sorted::Ask,
        Told::Done => Sorted::Read(Reading::Current),
        Told::Stale => to_do,
        Told::Nothing => Sorted::Ask,
    }
}

/// A layout whose shape a value has.
pub(super) struct Shape {
    pub place: usize,
    /// As the service takes it.
    pub ciphertext: Vec<u8>,
    /// Where the ciphertext tells, or the column beside it.
    pub version: Option<String>,
}

/// Every layout of a service that the value may be in. A shape that cannot be mistaken leaves no other.
pub(super) fn shapes(layout: &ColumnLayout, stored: &[u8]) -> Vec<Shape> {
    let mut buffer = DecodeBuffer::default();
    let mut shapes = Vec::new();
    for (place, layout) in layout.all().enumerate() {
        if layout.service().is_none() {
            continue;
        }
        let Ok(taken) = layout.decode(stored, &mut buffer) else { continue };
        let version = taken.label.and_then(|label| str::from_utf8(label).ok());
        let (ciphertext, version) = (taken.parts.ciphertext.to_vec(), version.map(str::to_owned));
        shapes.push(Shape { place, ciphertext, version });
    }
    let is_certain = |shape: &Shape| {
        let form = layout.all().nth(shape.place).and_then(|layout| layout.service());
        form.is_some_and(ServiceForm::tells_its_version)
    };
    if shapes.iter().any(is_certain) {
        shapes.retain(is_certain);
    }
    shapes
}
