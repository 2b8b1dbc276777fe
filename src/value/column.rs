//! The values of one column, each with the additional data that its row gives it.

use super::{Aad, Reading, Reason, Resealing, Scratch, ValueWork};
use crate::error::Result;
use crate::keys::KeyRing;
use crate::layout::{AadTemplate, ColumnLayout};

/// Where the additional data of a column comes from.
#[derive(Clone, Copy, Debug)]
pub struct AadSource<'a> {
    /// What `{table}` stands for.
    pub table: &'a str,
    /// What `{column}` stands for.
    pub column: &'a str,
    /// Where the columns of the template stand among the texts of a row.
    pub places: &'a [usize],
}

/// The keys and the layout of one column, and where its additional data comes from.
#[derive(Clone, Copy, Debug)]
pub struct ColumnWork<'a> {
    values: ValueWork<'a>,
    template: Option<&'a AadTemplate>,
    source: AadSource<'a>,
}

impl<'a> ColumnWork<'a> {
    pub fn new(ring: &'a KeyRing, layout: &'a ColumnLayout, source: AadSource<'a>) -> Self {
        Self { values: ValueWork::new(ring, layout), template: layout.aad.as_ref(), source }
    }

    /// Whether the texts of a row matter.
    pub fn needs_texts(&self) -> bool {
        self.template.is_some()
    }

    /// Tells which key opens a value; `stored` is `None` when it was too long to be fetched.
    pub fn read(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> Reading {
        let Some(stored) = stored else { return Reading::Unreadable(Reason::TooLarge) };
        let mut rendered = Vec::new();
        self.values.read(stored, self.aad(texts, &mut rendered), scratch)
    }

    /// Seals a value with the current key, unless that was done before; `stored` as in [`Self::read`].
    ///
    /// # Errors
    /// Those of [`ValueWork::reseal`]: they end the run.
    pub fn reseal(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> Result<Resealing> {
        let Some(stored) = stored else { return Ok(Resealing::Failed(Reason::TooLarge)) };
        let mut rendered = Vec::new();
        self.values.reseal(stored, self.aad(texts, &mut rendered), scratch)
    }

    /// The additional data of one row, rendered into `rendered`.
    fn aad<'r>(&self, texts: &[Option<&[u8]>], rendered: &'r mut Vec<u8>) -> Aad<'r> {
        let Some(template) = self.template else { return Aad::NONE };
        let AadSource { table, column, places } = self.source;
        let values: Vec<Option<&[u8]>> = places.iter().map(|place| texts[*place]).collect();
        match template.render(table, column, &values, rendered) {
            Ok(()) => Aad::Rendered(rendered),
            Err(_) => Aad::Missing,
        }
    }
}
