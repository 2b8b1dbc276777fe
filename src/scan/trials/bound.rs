//! Values that are bound to their rows in a way that nobody has said.

use super::{BUFFERS, Place, Seen, Trials, places};
use crate::layout::RowTexts;
use crate::scan::forms::Form;
use crate::value::{Scratch, Trial};

impl Trials {
    /// Forms with additional data in which some of these values open.
    pub fn bound(&self, left: &[Seen<'_>], templates: &[String]) -> Vec<Form> {
        BUFFERS.with_borrow_mut(|(scratch, decoded)| {
            let mut found = Vec::new();
            for (place, form) in self.roster.forms.iter().enumerate() {
                let fits = |seen: &&Seen<'_>| form.layout.decode(seen.stored, decoded).is_ok();
                if !form.may_be_bound() || self.places[place].is_none() {
                    continue;
                }
                let fitting: Vec<&Seen<'_>> = left.iter().filter(fits).collect();
                if fitting.is_empty() {
                    continue;
                }
                let mut opens = |bound: &Form| {
                    fitting.iter().any(|seen| self.opens_bound(place, bound, **seen, scratch))
                };
                found.extend(
                    templates.iter().filter_map(|t| form.bound_to(t)).filter(|bound| opens(bound)),
                );
            }
            found
        })
    }

    fn opens_bound(
        &self,
        unbound: usize,
        bound: &Form,
        seen: Seen<'_>,
        scratch: &mut Scratch,
    ) -> bool {
        let Some(places) = places(bound, &self.place) else { return false };
        let Place { table, column, .. } = &self.place;
        let row = RowTexts { table, column, texts: seen.texts, places: &places };
        (0..self.rings.all().len()).any(|ring| {
            let Some(keys) = self.keys(ring, unbound) else { return false };
            let trial = scratch.try_open(&bound.layout, keys, seen.stored, &row);
            matches!(trial, Trial::OpenedBy(_))
        })
    }
}
