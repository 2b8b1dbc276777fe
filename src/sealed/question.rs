//! What is asked about one value: which keys may have sealed it, and what it is to be bound to.

use std::collections::VecDeque;

use zeroize::Zeroizing;

use super::SealedColumn;
use super::column::Told;
use super::sort::{Shape, shapes};
use crate::kms::Binding;
use crate::layout::{AadMissing, ColumnLayout, Layout, RowTexts};
use crate::value::{ColumnWork, Intent, Reading, Reason, Scratch};

/// One value that services are asked about.
pub struct Question {
    /// Who asks: the answer bears it.
    pub cell: usize,
    /// Which of the asked columns.
    pub column: usize,
    /// The layouts it may have, in the order in which they are tried.
    pub(super) sources: VecDeque<Source>,
    /// What it is to be bound to when a service seals it.
    pub(super) target: Binding,
    /// It is open already.
    pub(super) shown: Option<Zeroizing<Vec<u8>>>,
}

/// A value in one of the layouts it may have.
pub(super) struct Source {
    pub place: usize,
    pub ciphertext: Vec<u8>,
    pub version: Option<String>,
    pub binding: Binding,
}

impl Question {
    /// About a value that [`super::sort`] could not tell.
    ///
    /// # Errors
    /// Why it can be neither opened nor sealed.
    pub fn of(
        (cell, column): (usize, usize),
        (work, layout, sealed): (&ColumnWork<'_>, &ColumnLayout, &SealedColumn),
        stored: &[u8],
        texts: &[Option<&[u8]>],
        intent: Intent,
        scratch: &mut Scratch,
    ) -> Result<Self, Reason> {
        let row = work.row(texts);
        let missing = |AadMissing| Reason::AadMissing;
        let target = match sealed.is_written() {
            true => binding(layout.write(), &row).map_err(missing)?,
            false => Binding::None,
        };
        let none = || Self { cell, column, sources: VecDeque::new(), target, shown: None };
        if layout.needs_ring()
            && let (reading, shown) = work.show(stored, texts, scratch)
            && !matches!(reading, Reading::Unreadable(_) | Reading::Left)
        {
            return Ok(Self { shown: Some(shown), ..none() });
        }
        let mut sources = VecDeque::new();
        let mut reason = Reason::Malformed;
        for shape in shapes(layout, stored) {
            let form = layout.all().nth(shape.place);
            match form.map(|form| binding(form, &row)) {
                Some(Ok(binding)) => sources.push_back(source(shape, binding)),
                _ => reason = Reason::AadMissing,
            }
        }
        if sources.is_empty() {
            return Err(reason);
        }
        if intent == Intent::Reseal && !tells(sealed, &sources) {
            // most of them are still to be done
            sources.make_contiguous().sort_by_key(|source| source.place == 0);
        }
        Ok(Self { sources, ..none() })
    }
}

/// Whether the version says that the first source is the right one.
fn tells(sealed: &SealedColumn, sources: &VecDeque<Source>) -> bool {
    let first = sources.front().and_then(|first| first.version.as_deref());
    sealed.told(first) != Told::Nothing
}

fn source(shape: Shape, binding: Binding) -> Source {
    let Shape { place, ciphertext, version } = shape;
    Source { place, ciphertext, version, binding }
}

/// What a value of this layout is bound to in this row.
fn binding(layout: &Layout, row: &RowTexts<'_>) -> Result<Binding, AadMissing> {
    if let Some(form) = layout.service().filter(|form| form.has_context()) {
        return form.context(row).map(Binding::Context);
    }
    let Some(template) = layout.aad() else { return Ok(Binding::None) };
    let mut aad = Vec::new();
    template.render(row, None, &mut aad)?;
    Ok(Binding::Aad(aad))
}
