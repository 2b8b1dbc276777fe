//! The values of a page whose wrapped data keys must be asked about: each distinct one once, and then the values
//! are judged by what is known of them, on the rayon pool.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Intent, JudgedPage, Judgement, SCRATCH, on_the_pool};
use crate::envelope::{self, Asked, Bindings, EnvelopeColumn, FreshKeys, Held, KnownKeys};
use crate::error::{Error, Result};
use crate::plan::{ColumnPlan, TablePlan};
use crate::value::Reason;

/// Gives every value that has a wrapped data key, and is still unknown, its judgement.
///
/// # Errors
/// Those of the services; those of sealing.
pub(super) async fn judge_unknown(
    mut judged: JudgedPage,
    table: &Arc<TablePlan>,
    intent: Intent,
) -> Result<JudgedPage> {
    for (column, plan) in table.columns.iter().enumerate() {
        let Some(envelope) = &plan.envelope else { continue };
        let (page, asked) = distinct(judged, table, column).await?;
        judged = page;
        if asked.is_empty() {
            continue;
        }
        let known = Arc::new(envelope.ask(asked, intent).await?);
        let none = Arc::new(FreshKeys::default());
        judged = sorted(judged, table, (column, intent), (Arc::clone(&known), none)).await?;
        // what opens, and is to be sealed under a new data key
        let (page, left) = bindings(judged, table, column).await?;
        judged = page;
        if !left.is_empty() {
            let fresh = Arc::new(envelope.fresh_keys(&left).await?);
            judged = sorted(judged, table, (column, intent), (known, fresh)).await?;
        }
    }
    Ok(judged)
}

/// The wrapped keys of a column's unknown values, each once.
async fn distinct(
    judged: JudgedPage,
    table: &Arc<TablePlan>,
    column: usize,
) -> Result<(JudgedPage, Vec<Asked>)> {
    let table = Arc::clone(table);
    on_the_pool(move || {
        let asked = judged.unknown_in(column).filter_map(|cell| judged.asked(&table, cell).ok());
        let asked: BTreeSet<Asked> = asked.collect();
        Ok((judged, asked.into_iter().collect()))
    })
    .await
}

/// What the rows of a column's unknown values bind their data keys to, a line a value.
async fn bindings(
    judged: JudgedPage,
    table: &Arc<TablePlan>,
    column: usize,
) -> Result<(JudgedPage, Vec<Bindings>)> {
    let table = Arc::clone(table);
    on_the_pool(move || {
        let bindings = |cell| Some(judged.asked(&table, cell).ok()?.key.bindings);
        let all: Option<Vec<Bindings>> = judged.unknown_in(column).map(bindings).collect();
        let all = all.ok_or_else(|| Error::bug("a value that opened has no wrapped data key"))?;
        Ok((judged, all))
    })
    .await
}

/// Judges the unknown values of a column by what is at hand.
async fn sorted(
    mut judged: JudgedPage,
    table: &Arc<TablePlan>,
    (column, intent): (usize, Intent),
    (known, fresh): (Arc<KnownKeys>, Arc<FreshKeys>),
) -> Result<JudgedPage> {
    let table = Arc::clone(table);
    on_the_pool(move || {
        let plan: &ColumnPlan = &table.columns[column];
        let Some(envelope) = plan.envelope() else { return Ok(judged) };
        let unknown: Vec<usize> = judged.unknown_in(column).collect();
        let page = &judged;
        let sorted: Result<Vec<(usize, Judgement)>> = unknown
            .into_par_iter()
            .enumerate()
            .map(|(n, cell)| {
                let held = Held::Page(&known, fresh.of(n));
                Ok((cell, sort(page, cell, envelope, intent, held)?))
            })
            .collect();
        for (cell, judgement) in sorted? {
            judged.judgements[cell] = judgement;
        }
        Ok(judged)
    })
    .await
}

fn sort(
    judged: &JudgedPage,
    cell: usize,
    column: EnvelopeColumn<'_>,
    intent: Intent,
    held: Held<'_>,
) -> Result<Judgement> {
    let (row, place) = (cell / judged.columns, cell % judged.columns);
    let stored = judged.page.value(row, place).stored;
    let texts = judged.page.aad_texts(row);
    SCRATCH.with_borrow_mut(|scratch| {
        envelope::sort(column, stored, &texts, intent, held, scratch).map(Judgement::from)
    })
}

impl JudgedPage {
    /// The wrapped key of a cell.
    fn asked(&self, table: &TablePlan, cell: usize) -> Result<Asked, Reason> {
        let (row, column) = (cell / self.columns, cell % self.columns);
        let stored = self.page.value(row, column).stored.ok_or(Reason::TooLarge)?;
        let (plan, texts) = (&table.columns[column], self.page.aad_texts(row));
        envelope::asked(&plan.layout, stored, &plan.work().row(&texts))
    }

    /// The cells of a column whose judgement is still to come.
    fn unknown_in(&self, column: usize) -> impl Iterator<Item = usize> {
        let cells = (column..self.judgements.len()).step_by(self.columns.max(1));
        cells.filter(|cell| self.judgements[*cell] == Judgement::Unknown)
    }
}
