//! What becomes of a value, as far as is known without asking anybody. Pure.

use std::sync::Arc;

use super::asked::stored_key;
use super::known::{KnownKey, Standing};
use super::{Asked, Envelope, FreshKey, KeyInPlace, KnownKeys, asked};
use crate::error::{Error, Result};
use crate::keys::ColumnKeys;
use crate::layout::ColumnLayout;
use crate::sealed::{Sorted, Told};
use crate::value::{ColumnWork, Intent, Reading, Reason, Resealing, Scratch};

/// A column whose values have data keys.
#[derive(Clone, Copy)]
pub struct EnvelopeColumn<'a> {
    pub work: ColumnWork<'a>,
    pub layout: &'a ColumnLayout,
    pub envelope: &'a Envelope,
}

/// What is at hand.
#[derive(Clone, Copy)]
pub enum Held<'a> {
    /// What was learnt for other pages and is still kept.
    Memory,
    /// What was asked for this one, and a new data key if one is needed.
    Page(&'a KnownKeys, Option<&'a FreshKey>),
}

/// A stored value with its row.
#[derive(Clone, Copy)]
pub struct StoredValue<'a> {
    pub stored: &'a [u8],
    pub texts: &'a [Option<&'a [u8]>],
}

/// Sorts a value; `stored` is `None` when it was too long to be fetched.
///
/// # Errors
/// A resealed value that does not read back, which is a bug; no random bytes.
pub fn sort(
    column: EnvelopeColumn<'_>,
    stored: Option<&[u8]>,
    texts: &[Option<&[u8]>],
    intent: Intent,
    held: Held<'_>,
    scratch: &mut Scratch,
) -> Result<Sorted> {
    let unreadable = |reason| Ok(Sorted::Read(Reading::Unreadable(reason)));
    let Some(stored) = stored else { return unreadable(Reason::TooLarge) };
    let asked = match asked(column.layout, stored, &column.work.row(texts)) {
        Ok(asked) => asked,
        Err(Reason::Malformed) if column.work.leaves_unmatched() => {
            return Ok(Sorted::Read(Reading::Left));
        }
        Err(reason) => return unreadable(reason),
    };
    let envelope = column.envelope;
    let told = envelope.told_of(&asked);
    let known = held.find(envelope, &asked.key);
    // what is known counts more than what is noted
    let is_stale = known.as_ref().is_some_and(|it| envelope.standing(it) == Standing::Stale);
    let known = known.filter(|known| envelope.suffices(known, intent));
    let standing = match (&known, told) {
        (Some(known), _) => envelope.standing(known),
        (None, Told::Done) if !envelope.opens(intent) && !is_stale => Standing::Current,
        (None, Told::Stale) if !intent.reseals() => Standing::Stale,
        (None, _) => return Ok(Sorted::Ask),
    };
    let value = StoredValue { stored, texts };
    match standing {
        Standing::Closed => unreadable(Reason::NoKeyOpensIt),
        Standing::Current => column.current(value, &asked, known.as_deref(), intent, scratch),
        Standing::Stale if !intent.reseals() => Ok(Sorted::Read(Reading::Previous(0))),
        Standing::Stale => match known {
            Some(known) => column.stale(value, &asked, &known, held, scratch),
            None => Ok(Sorted::Ask),
        },
    }
}

/// Opens a value of a sample: which key version it is under, whatever is noted beside it. `None` when its wrapped key
/// was not asked about.
pub fn sample(
    column: EnvelopeColumn<'_>,
    stored: Option<&[u8]>,
    texts: &[Option<&[u8]>],
    known: &KnownKeys,
    scratch: &mut Scratch,
) -> Option<Reading> {
    let Some(stored) = stored else { return Some(Reading::Unreadable(Reason::TooLarge)) };
    let asked = match asked(column.layout, stored, &column.work.row(texts)) {
        Ok(asked) => asked,
        Err(reason) => return Some(Reading::Unreadable(reason)),
    };
    let known = known.get(&asked.key)?;
    if !column.opens(StoredValue { stored, texts }, known.key.open(), scratch) {
        return Some(Reading::Unreadable(Reason::NoKeyOpensIt));
    }
    Some(match column.envelope.standing(known) {
        Standing::Current => Reading::Current,
        Standing::Stale | Standing::Closed => Reading::Previous(0),
    })
}

impl<'h> Held<'h> {
    fn find(self, envelope: &Envelope, key: &KeyInPlace) -> Option<Arc<KnownKey>> {
        match self {
            Self::Memory => envelope.find(key),
            Self::Page(known, _) => known.get(key).cloned(),
        }
    }

    fn fresh(self) -> Option<&'h FreshKey> {
        match self {
            Self::Memory => None,
            Self::Page(_, fresh) => fresh,
        }
    }
}

impl EnvelopeColumn<'_> {
    /// It is as it should be; what may be left to do is to open it, or to note the version.
    fn current(
        self,
        value: StoredValue<'_>,
        asked: &Asked,
        known: Option<&KnownKey>,
        intent: Intent,
        scratch: &mut Scratch,
    ) -> Result<Sorted> {
        let key = known.and_then(|known| known.key.open());
        if self.envelope.opens(intent) && !self.opens(value, key, scratch) {
            return Ok(Sorted::Read(Reading::Unreadable(Reason::NoKeyOpensIt)));
        }
        let version = known.and_then(|known| known.version.as_deref());
        let version = version.or_else(|| self.envelope.version_of(&asked.key.wrapped, None));
        let is_noted = version.is_none() || version == asked.noted.as_deref();
        if is_noted || !self.envelope.form.has_marker || intent == Intent::Read {
            return Ok(Sorted::Read(Reading::Current));
        }
        if !intent.reseals() {
            return Ok(Sorted::Ask);
        }
        self.with(value, &asked.key.wrapped, version)
    }

    fn stale(
        self,
        value: StoredValue<'_>,
        asked: &Asked,
        known: &KnownKey,
        held: Held<'_>,
        scratch: &mut Scratch,
    ) -> Result<Sorted> {
        let closed = Ok(Sorted::Read(Reading::Unreadable(Reason::NoKeyOpensIt)));
        if self.envelope.rewraps() {
            let Some(renewed) = self.envelope.renewed(known) else {
                return if known.key.is_none() { closed } else { Ok(Sorted::Ask) };
            };
            if !self.opens(value, renewed.key.open(), scratch) {
                return closed;
            }
            return self.with(value, &renewed.wrapped, renewed.version.as_deref());
        }
        let Some(key) = known.key.open() else { return closed };
        let Some(fresh) = held.fresh() else {
            // a value that cannot be opened needs no new data key
            return if self.opens(value, Some(key), scratch) { Ok(Sorted::Ask) } else { closed };
        };
        if fresh.binding != *asked.key.bindings.target() {
            return Err(Error::bug("a data key of another row"));
        }
        let StoredValue { stored, texts } = value;
        let (reading, shown) = self.work.with_keys(key).show(stored, texts, scratch);
        if reading != Reading::Current {
            return closed;
        }
        let work = self.work.with_keys(&fresh.key);
        let work = work.wrapped_as(&fresh.wrapped, fresh.version.as_deref());
        work.seal_shown(&shown, texts, scratch).map(Sorted::Resealed)
    }

    /// Whether this data key opens the value as it is stored.
    fn opens(
        self,
        value: StoredValue<'_>,
        key: Option<&Arc<ColumnKeys>>,
        scratch: &mut Scratch,
    ) -> bool {
        let read = |key: &Arc<ColumnKeys>| {
            self.work.with_keys(key).read(Some(value.stored), value.texts, scratch)
        };
        key.map(read) == Some(Reading::Current)
    }

    /// The same value beside another wrapped key, or another version noted.
    fn with(self, value: StoredValue<'_>, wrapped: &[u8], version: Option<&str>) -> Result<Sorted> {
        let layout = self.layout.write();
        let written = layout.rewrapped(value.stored, wrapped, version).filter(|written| {
            stored_key(self.layout, written).is_some_and(|(key, _)| key == wrapped)
                && layout.has_same_value(value.stored, written)
        });
        let written = written.ok_or_else(|| {
            Error::bug("a rewrapped value does not read back").at(layout.template())
        })?;
        Ok(Sorted::Resealed(Resealing::Resealed(written)))
    }
}
