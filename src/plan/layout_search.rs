//! Finds the layout of a column by authentication: the one in which its sampled values open.
//!
//! A hit is certain (a tag that verifies is no accident), so the only doubt is between layouts that
//! read the same bytes; two that fit are refused rather than guessed.

use std::sync::Arc;

use super::ColumnKind;
use super::decide::{Draft, Purpose};
use super::sample::{Sample, SampleCount};
use crate::error::Error;
use crate::keys::{ColumnKeys, KeyRing};
use crate::layout::{ColumnLayout, Layout, Over};

/// One column of one configured table, over all relations it means, tried in every preset.
#[derive(Debug, Default)]
pub struct Search {
    values: u64,
    opened: Vec<Tried>,
}

/// A preset, and how many values it opened.
#[derive(Debug)]
struct Tried {
    name: &'static str,
    layout: ColumnLayout,
    keys: Arc<ColumnKeys>,
    opened: u64,
}

impl Search {
    /// Tries every preset that the column can hold on one relation's sample.
    pub fn look_at(&mut self, draft: &Draft, index: usize, sample: &Sample, ring: &KeyRing) {
        let column = &draft.columns[index];
        let mut seen = None;
        for (name, layout) in candidates(column.kind) {
            let Ok(keys) = ring.column_keys(&layout, &column.aad_table, column.name.name()) else {
                continue;
            };
            let SampleCount { values, current, previous, .. } =
                sample.count(draft, index, &layout, &keys);
            seen = Some(values);
            match self.opened.iter_mut().find(|tried| tried.name == name) {
                Some(tried) => tried.opened += current + previous,
                None => {
                    let (keys, opened) = (Arc::new(keys), current + previous);
                    self.opened.push(Tried { name, layout, keys, opened });
                }
            }
        }
        self.values += seen.unwrap_or_default();
    }

    /// The one preset in which nine in ten sampled values open. For a proof, which has the current key alone, one that
    /// opens is enough: the others are what the proof is about.
    pub fn result(
        self,
        place: &str,
        purpose: Purpose,
    ) -> Result<(ColumnLayout, Arc<ColumnKeys>), Error> {
        let enough = |tried: &Tried| match purpose {
            Purpose::Rotate => tried.opened > 0 && tried.opened * 10 >= self.values * 9,
            Purpose::Verify => tried.opened > 0,
        };
        let mut fits: Vec<Tried> = self.opened.into_iter().filter(enough).collect();
        if let [_, _, ..] = fits.as_slice() {
            let names: Vec<&str> = fits.iter().map(|tried| tried.name).collect();
            return Err(Error::refused(format!("several layouts fit: {}", names.join(", ")))
                .at(place)
                .hint("say which one the application writes: -c TABLE.COLUMN:LAYOUT"));
        }
        match fits.pop() {
            Some(tried) => Ok((tried.layout, tried.keys)),
            None if self.values == 0 => {
                Err(Error::refused("the column has no value to find a layout by")
                    .at(place)
                    .hint("name its layout: -c TABLE.COLUMN:LAYOUT"))
            }
            None if purpose == Purpose::Verify => Err(Error::refused(format!(
                "the current key opens none of {} sampled values in a known layout",
                self.values
            ))
            .at(place)
            .hint("nothing is proved of a column whose layout is not known: name it, -c TABLE.COLUMN:LAYOUT")),
            None => Err(Error::refused(format!(
                "no known layout opens nine in ten of {} sampled values",
                self.values
            ))
            .at(place)
            .hint("check the keys, or name the layout: -c TABLE.COLUMN:LAYOUT")),
        }
    }
}

/// The presets that a column can hold and that need no more words: their values authenticate, without an
/// application's own settings. Passphrases are left out, with derivations that take their time for each value.
/// Of several that are the same but for their names, the first.
fn candidates(kind: ColumnKind) -> impl Iterator<Item = (&'static str, ColumnLayout)> {
    let mut known: Vec<Layout> = Vec::new();
    Layout::presets().filter_map(move |preset| {
        let layout = preset.layout().ok()?;
        let fits = layout.over() == Over::Cell
            && (kind == ColumnKind::Bytea || layout.is_text())
            && !layout.key_form().is_guessable();
        if !fits || known.iter().any(|other| other.is_same_as(&layout)) {
            return None;
        }
        known.push(layout.clone());
        Some((preset.name.as_str(), ColumnLayout::try_from(layout).ok()?))
    })
}
