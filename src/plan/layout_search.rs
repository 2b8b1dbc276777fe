//! Finds the layout of a column by authentication: the one in which its sampled values open.
//!
//! A hit is certain (a tag that verifies is no accident), so the only doubt is between layouts that
//! read the same bytes; two that fit are refused rather than guessed.

use super::ColumnKind;
use super::decide::Draft;
use super::sample::{Sample, SampleCount};
use crate::error::Error;
use crate::keys::KeyRing;
use crate::layout::{ColumnLayout, Layout};

/// One column of one configured table, over all relations it means, tried in every preset.
#[derive(Debug, Default)]
pub struct Search {
    values: u64,
    opened: Vec<(&'static str, u64)>,
}

impl Search {
    /// Tries every preset that the column can hold on one relation's sample.
    pub fn look_at(&mut self, draft: &Draft, index: usize, sample: &Sample, ring: &KeyRing) {
        let mut seen = 0;
        for preset in Layout::presets() {
            let Ok(write) = Layout::named(preset.name) else { continue };
            if draft.columns[index].kind == ColumnKind::Text && !write.is_text() {
                continue;
            }
            let layout = ColumnLayout { write, read: Vec::new(), aad: None };
            let SampleCount { values, current, previous, .. } =
                sample.count(draft, index, ring, &layout);
            seen = values;
            match self.opened.iter_mut().find(|(name, _)| *name == preset.name) {
                Some((_, opened)) => *opened += current + previous,
                None => self.opened.push((preset.name, current + previous)),
            }
        }
        self.values += seen;
    }

    /// The one preset in which nine in ten sampled values open.
    pub fn result(&self, place: &str) -> Result<ColumnLayout, Error> {
        let fits: Vec<&str> = self
            .opened
            .iter()
            .filter(|(_, opened)| *opened > 0 && opened * 10 >= self.values * 9)
            .map(|(name, _)| *name)
            .collect();
        match fits.as_slice() {
            [name] => {
                let write = Layout::named(name).expect("a preset's name is a layout");
                Ok(ColumnLayout { write, read: Vec::new(), aad: None })
            }
            [] if self.values == 0 => {
                Err(Error::refused("the column has no value to find a layout by")
                    .at(place)
                    .hint("name its layout: -c TABLE.COLUMN:LAYOUT"))
            }
            [] => Err(Error::refused(format!(
                "no known layout opens nine in ten of {} sampled values",
                self.values
            ))
            .at(place)
            .hint("check the keys, or name the layout: -c TABLE.COLUMN:LAYOUT")),
            several => Err(Error::refused(format!("several layouts fit: {}", several.join(", ")))
                .at(place)
                .hint("say which one the application writes: -c TABLE.COLUMN:LAYOUT")),
        }
    }
}
