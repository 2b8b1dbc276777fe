//! Every form and every key tried on the values of one column. Pure: bytes in, counts out.

mod bound;
mod slow;

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use super::catalogue::Kind;
use super::forms::{Form, Roster};
use super::looks;
use super::rings::SearchRings;
use super::spots::{self, Named, Spot};
use super::tally::{Hit, Outcome, Tally};
use crate::crypto::wipe_unused_stack;
use crate::keys::{LayoutKeys, Owner};
use crate::layout::{DecodeBuffer, RowTexts};
use crate::value::{Scratch, Trial};
use slow::{Slow, Spared};

/// A shorter value is none: half of the shortest that authenticates, as unauthenticated ones have no tag.
const BYTES_MIN: usize = 16;
thread_local! {
    /// Buffers of one thread of the pool.
    static BUFFERS: RefCell<(Scratch, DecodeBuffer)> = RefCell::default();
}

/// A value and the texts of its row, in the order of [`Place::texts`].
#[derive(Clone, Copy)]
pub struct Seen<'v> {
    pub stored: &'v [u8],
    pub texts: &'v [Option<&'v [u8]>],
}

/// Where the values come from.
#[derive(Clone, Debug)]
pub struct Place {
    /// The table's bare name, as derivations and additional data call it.
    pub table: String,
    pub column: String,
    pub kind: Kind,
    /// The columns whose texts a row brings.
    pub texts: Arc<[String]>,
    /// Where a configuration says that values stand.
    pub named: Option<Named>,
}

/// What is tried on one column. Keys are derived when a value has the shape for the first time.
pub struct Trials {
    place: Place,
    roster: Arc<Roster>,
    rings: SearchRings,
    /// By ring and form.
    keys: Vec<OnceLock<Option<LayoutKeys>>>,
    /// Of each form, where the columns of its additional data stand; `None` when the column cannot hold it.
    places: Vec<Option<Vec<usize>>>,
    slow: Vec<Slow>,
    /// Whether every value is looked at, and not a sample.
    is_full: bool,
}

impl Trials {
    pub fn new(place: Place, roster: Arc<Roster>, rings: SearchRings, is_full: bool) -> Self {
        let keys = (0..rings.all().len() * roster.forms.len()).map(|_| OnceLock::new()).collect();
        let places = roster.forms.iter().map(|form| places(form, &place)).collect();
        let slow = roster.forms.iter().map(|_| Slow::default()).collect();
        Self { place, roster, rings, keys, places, slow, is_full }
    }

    /// The same with further forms.
    pub fn with(&self, further: Vec<Form>) -> Self {
        let roster = Arc::new(self.roster.with(further));
        Self::new(self.place.clone(), roster, self.rings.clone(), self.is_full)
    }

    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// The values of a cell.
    pub fn spots<'d>(&self, cell: &'d [u8], texts: &[Option<&[u8]>]) -> Vec<Spot<'d>> {
        let is_value = || {
            let outcome = self.try_all(Seen { stored: cell, texts });
            !matches!(outcome, Outcome::Plain | Outcome::Random(_))
        };
        spots::of_cell(cell, self.place.kind, self.place.named.as_ref(), is_value)
    }

    /// Whether a value looks like ciphertext that nothing opens.
    pub fn leaves(&self, seen: Seen<'_>) -> bool {
        let outcome = self.try_all(seen);
        matches!(outcome, Outcome::Plausible(_) | Outcome::Shaped(_) | Outcome::Random(_))
    }

    /// Tries everything on a value of a cell and counts what came of it.
    pub fn count(&self, seen: Seen<'_>, spot: &Spot<'_>, cell: &[u8], tally: &mut Tally) {
        BUFFERS.with_borrow_mut(|(scratch, decoded)| {
            let outcome = self.outcome(seen, scratch, decoded);
            // most strings of a document were never meant to be values
            if spot.in_document && outcome == Outcome::Plain {
                return;
            }
            if let Outcome::Opened(hits) = &outcome {
                self.note_label(hits[0], seen.stored, decoded, tally);
                tally.in_documents += u64::from(spot.in_document);
                if !spot.is_named {
                    tally.unnamed(hits, || spot.path(cell));
                }
            }
            tally.add(outcome);
        });
    }

    fn try_all(&self, seen: Seen<'_>) -> Outcome {
        BUFFERS.with_borrow_mut(|(scratch, decoded)| self.outcome(seen, scratch, decoded))
    }

    fn outcome(
        &self,
        seen: Seen<'_>,
        scratch: &mut Scratch,
        decoded: &mut DecodeBuffer,
    ) -> Outcome {
        if seen.stored.len() < BYTES_MIN {
            return Outcome::Plain;
        }
        let fits = |shape: &&Vec<usize>| {
            let layout = &self.roster.forms[shape[0]].layout;
            (self.place.kind == Kind::Bytea || layout.is_text())
                && layout.decode(seen.stored, decoded).is_ok()
        };
        let shapes: Vec<&Vec<usize>> = self.roster.shapes.iter().filter(fits).collect();
        let opened = self.opened(&shapes, seen, scratch);
        if !shapes.is_empty() {
            wipe_unused_stack();
        }
        opened.unwrap_or_else(|| self.closed(&shapes, seen))
    }

    /// What opens a value of these shapes.
    fn opened(
        &self,
        shapes: &[&Vec<usize>],
        seen: Seen<'_>,
        scratch: &mut Scratch,
    ) -> Option<Outcome> {
        let (mut hits, mut plausible, mut is_untried) = (Vec::new(), Vec::new(), false);
        for (ring, form) in self.pairs(shapes, true) {
            match self.try_one(ring, form, seen, scratch) {
                Tried::OpenedBy(key) => hits.push(Hit { ring, form, key }),
                Tried::Not => {}
                Tried::Spared => is_untried = true,
            }
        }
        if !hits.is_empty() {
            return Some(Outcome::Opened(hits));
        }
        if is_untried {
            return Some(Outcome::Untried);
        }
        for (ring, form) in self.pairs(shapes, false) {
            if let Tried::OpenedBy(key) = self.try_one(ring, form, seen, scratch) {
                plausible.push(Hit { ring, form, key });
            }
        }
        (!plausible.is_empty()).then_some(Outcome::Plausible(plausible))
    }

    /// What a value looks like that nothing opens.
    fn closed(&self, shapes: &[&Vec<usize>], seen: Seen<'_>) -> Outcome {
        let says_something = |shape: &&&Vec<usize>| self.roster.forms[shape[0]].is_telling();
        let telling = shapes.iter().find(says_something);
        match (telling, looks::disguise(seen.stored)) {
            (Some(shape), _) => Outcome::Shaped(shape[0]),
            (None, Some(disguise)) => Outcome::Random(disguise),
            (None, None) => Outcome::Plain,
        }
    }

    /// Rings and forms of these shapes that authenticate, or do not.
    fn pairs(
        &self,
        shapes: &[&Vec<usize>],
        is_authenticated: bool,
    ) -> impl Iterator<Item = (usize, usize)> {
        let forms: Vec<usize> = shapes
            .iter()
            .flat_map(|shape| shape.iter().copied())
            .filter(|form| self.roster.forms[*form].is_authenticated() == is_authenticated)
            .collect();
        let rings = self.rings.all().len();
        forms.into_iter().flat_map(move |form| (0..rings).map(move |ring| (ring, form)))
    }

    fn try_one(&self, ring: usize, form: usize, seen: Seen<'_>, scratch: &mut Scratch) -> Tried {
        let Some(places) = &self.places[form] else { return Tried::Not };
        let layout = &self.roster.forms[form].layout;
        let Some(keys) = self.keys(ring, form) else { return Tried::Not };
        let is_slow = self.roster.forms[form].is_slow;
        match is_slow.then(|| self.slow[form].spare(self.is_full)).flatten() {
            Some(Spared::Hopeless) => return Tried::Not,
            Some(Spared::Enough) => return Tried::Spared,
            None => {}
        }
        let Place { table, column, .. } = &self.place;
        let row = RowTexts { table, column, texts: seen.texts, places };
        match scratch.try_open(layout, keys, seen.stored, &row) {
            Trial::OpenedBy(owner) => {
                self.slow[form].has_opened();
                Tried::OpenedBy(match owner {
                    Owner::Current => 0,
                    Owner::Previous(key) => key + 1,
                })
            }
            Trial::Closed | Trial::OtherShape => Tried::Not,
        }
    }

    /// The keys of a ring for a form; `None` when it has none.
    fn keys(&self, ring: usize, form: usize) -> Option<&LayoutKeys> {
        let Place { table, column, .. } = &self.place;
        if self.roster.forms[form].lacks_salt {
            return None;
        }
        let make = || {
            let keys =
                self.rings.ring(ring).trial_keys(&self.roster.forms[form].layout, table, column);
            keys.ok().filter(|keys| !keys.candidates().is_empty())
        };
        self.keys[ring * self.roster.forms.len() + form].get_or_init(make).as_ref()
    }

    /// Remembers the label that an opened value stores.
    fn note_label(&self, hit: Hit, stored: &[u8], decoded: &mut DecodeBuffer, tally: &mut Tally) {
        let layout = &self.roster.forms[hit.form].layout;
        if !layout.needs_label() {
            return;
        }
        let Some(form) = layout.label_form() else { return };
        let label = layout.decode(stored, decoded).ok().and_then(|stored| stored.label);
        if let Some(label) = label.and_then(|label| form.text_of(label)) {
            tally.label(hit, label);
        }
    }
}

enum Tried {
    /// By the key at this place of the ring.
    OpenedBy(usize),
    Not,
    /// It would have taken too long.
    Spared,
}

fn places(form: &Form, place: &Place) -> Option<Vec<usize>> {
    if place.kind != Kind::Bytea && !form.layout.is_text() {
        return None;
    }
    let columns = form.layout.aad().map(|aad| aad.columns()).unwrap_or_default();
    columns.iter().map(|name| place.texts.iter().position(|text| text == name)).collect()
}
