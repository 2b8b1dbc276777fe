//! The values of one column, each with the additional data that its row gives it.

use super::{DocumentWork, Reading, Reason, Resealing, Scratch, ValueWork, Wrapping};
use zeroize::Zeroizing;

use crate::document::Selection;
use crate::error::Result;
use crate::keys::ColumnKeys;
use crate::layout::{ColumnLayout, Layout, RowTexts};

/// Where the additional data of a column comes from.
#[derive(Clone, Copy, Debug)]
pub struct AadSource<'a> {
    /// What `{table}` stands for.
    pub table: &'a str,
    /// What `{column}` stands for.
    pub column: &'a str,
    /// Where the columns of [`ColumnLayout::aad_columns`] stand among the texts of a row.
    pub places: &'a [usize],
}

/// The keys and the layouts of one column, and where its additional data comes from.
#[derive(Clone, Copy, Debug)]
pub struct ColumnWork<'a> {
    values: ValueWork<'a>,
    source: AadSource<'a>,
    has_aad: bool,
    paths: Option<&'a Selection>,
}

impl<'a> ColumnWork<'a> {
    pub fn new(keys: &'a ColumnKeys, layout: &'a ColumnLayout, source: AadSource<'a>) -> Self {
        let (values, has_aad) = (ValueWork::new(keys, layout), layout.has_aad());
        Self { values, source, has_aad, paths: None }
    }

    /// The same, of values that stand in documents, if there are paths.
    #[must_use]
    pub fn in_documents(self, paths: Option<&'a Selection>) -> Self {
        Self { paths, ..self }
    }

    /// The same, of values under these keys.
    #[must_use]
    pub fn with_keys(self, keys: &'a ColumnKeys) -> Self {
        Self { values: ValueWork { keys, ..self.values }, ..self }
    }

    /// The same, and what is sealed is stored with this wrapped data key and the version of its KMS key.
    #[must_use]
    pub fn wrapped_as(self, key: &'a [u8], version: Option<&'a str>) -> Self {
        let wrapping = Wrapping { key, version };
        Self { values: ValueWork { wrapping, ..self.values }, ..self }
    }

    /// How its cells are worked on, if they are documents.
    pub fn documents(&self) -> Option<DocumentWork<'a>> {
        self.paths.map(|paths| DocumentWork::new(*self, paths))
    }

    pub(super) fn leaving_unmatched(self) -> Self {
        Self { values: self.values.leaving_unmatched(), ..self }
    }

    /// Whether what has the shape of no layout is none of ours.
    pub fn leaves_unmatched(&self) -> bool {
        self.values.leaves_unmatched()
    }

    pub(super) fn may_be_sealed(&self, stored: &[u8], scratch: &mut Scratch) -> bool {
        self.values.may_be_sealed(stored, scratch)
    }

    /// The layout that is written.
    pub fn write(&self) -> &'a Layout {
        self.values.write()
    }

    /// Whether the texts of a row matter.
    pub fn needs_texts(&self) -> bool {
        self.has_aad
    }

    /// Tells which key opens a value; `stored` is `None` when it was too long to be fetched.
    pub fn read(
        &self,
        stored: Option<&[u8]>,
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> Reading {
        let Some(stored) = stored else { return Reading::Unreadable(Reason::TooLarge) };
        self.values.read(stored, &self.row(texts), scratch)
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
        self.values.reseal(stored, &self.row(texts), scratch)
    }

    /// What NULL is.
    pub fn read_null(&self) -> Reading {
        self.values.read_null()
    }

    /// Opens a value with the keys of the ring, and shows what it is.
    pub fn show(
        &self,
        stored: &[u8],
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> (Reading, Zeroizing<Vec<u8>>) {
        self.values.show(stored, &self.row(texts), scratch)
    }

    /// Seals what a key service has opened with the current key.
    ///
    /// # Errors
    /// Those of [`ValueWork::reseal`]: they end the run.
    pub fn seal_shown(
        &self,
        shown: &[u8],
        texts: &[Option<&[u8]>],
        scratch: &mut Scratch,
    ) -> Result<Resealing> {
        self.values.seal_shown(shown, &self.row(texts), scratch)
    }

    /// The texts of a row as templates take them.
    pub fn row<'r>(&'r self, texts: &'r [Option<&'r [u8]>]) -> RowTexts<'r> {
        let AadSource { table, column, places } = self.source;
        RowTexts { table, column, texts, places }
    }
}
