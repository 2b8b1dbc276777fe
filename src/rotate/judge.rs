//! What becomes of each value of a page. Pure and parallel: on the rayon pool, never on the async
//! threads; no database here. What key services must be asked about is asked in between, for all of a page at
//! once.

mod envelopes;
mod judgement;
mod services;
mod unknown;

use std::cell::RefCell;
use std::sync::Arc;

use rayon::prelude::*;

use super::page::Page;
use crate::crypto::wipe_unused_stack;
use crate::envelope::{self, EnvelopeColumn, Held};
use crate::error::{Error, Result};
use crate::plan::{ColumnPlan, TablePlan};
use crate::sealed;
use crate::value::{ColumnWork, DocumentWork, FoundValue, Placed, Reason, Scratch};

pub use crate::value::Intent;
pub use judgement::Judgement;

thread_local! {
    /// One set of buffers and one nonce source for each thread of the pool.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Values one rayon task takes at least: below, handing over costs more than the work.
const VALUES_PER_TASK: usize = 64;

/// Judges every value of a page: rows in order, the columns of each row together.
///
/// # Errors
/// A bug when a resealed value did not read back as what it was, or the operating system gave no
/// randomness; those of the key services that were asked.
pub async fn judge(page: Page, table: Arc<TablePlan>, intent: Intent) -> Result<JudgedPage> {
    let asked = Arc::clone(&table);
    let judged = on_the_pool(move || judge_here(page, &table, intent)).await?;
    if intent == Intent::Sift || !asked.asks_services() {
        return Ok(judged);
    }
    ask(judged, asked, intent).await
}

/// Asks key services about what is unknown of a page.
///
/// # Errors
/// As [`judge`].
pub async fn ask(page: JudgedPage, table: Arc<TablePlan>, intent: Intent) -> Result<JudgedPage> {
    let page = envelopes::judge_unknown(page, &table, intent).await?;
    let page = services::judge_unknown(page, table, intent).await?;
    match page.count(|judgement| *judgement == Judgement::Unknown) {
        0 => Ok(page),
        _ => Err(Error::bug("a value was asked about and not judged")),
    }
}

/// Does work that is pure on the rayon pool.
async fn on_the_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (done, result) = tokio::sync::oneshot::channel();
    rayon::spawn(move || {
        let judged = work();
        // on every thread that may have taken a part, and without waiting for it
        rayon::spawn_broadcast(|_| wipe_unused_stack());
        // the receiver is gone only when the run was given up; then nobody needs the page
        let _abandoned = done.send(judged);
    });
    result.await.map_err(|_| Error::bug("a page was lost while it was resealed"))?
}

fn judge_here(page: Page, table: &TablePlan, intent: Intent) -> Result<JudgedPage> {
    let columns = table.columns.len();
    let work: Vec<ColumnWork<'_>> = table.columns.iter().map(ColumnPlan::work).collect();
    let judgements: Result<Vec<Judgement>> = (0..page.len() * columns)
        .into_par_iter()
        .with_min_len(if table.is_slow() { 1 } else { VALUES_PER_TASK })
        .map(|n| {
            let (row, column) = (n / columns, n % columns);
            let value = page.value(row, column);
            let (work, plan) = (&work[column], &table.columns[column]);
            if value.is_null() {
                return Ok(work.read_null().into());
            }
            let texts = if work.needs_texts() { page.aad_texts(row) } else { Vec::new() };
            let stored = value.stored;
            SCRATCH.with_borrow_mut(|scratch| match work.documents() {
                _ if !plan.asks_services() => judge_cell(work, stored, &texts, intent, scratch),
                _ if value.length == 0 => Ok(Judgement::Nothing),
                None => sort(plan, work, stored, &texts, intent, scratch),
                Some(documents) => sort_document(plan, &documents, stored, &texts, intent, scratch),
            })
        })
        .collect();
    Ok(JudgedPage { judgements: judgements?, columns, page })
}

/// Judges a value as far as nobody needs to be asked.
fn sort(
    plan: &ColumnPlan,
    work: &ColumnWork<'_>,
    stored: Option<&[u8]>,
    texts: &[Option<&[u8]>],
    intent: Intent,
    scratch: &mut Scratch,
) -> Result<Judgement> {
    if let Some(column) = plan.envelope() {
        let column = EnvelopeColumn { work: *work, ..column };
        let sorted = envelope::sort(column, stored, texts, intent, Held::Memory, scratch);
        return sorted.map(Judgement::from);
    }
    match &plan.sealed {
        Some(sealed) => {
            let column = (work, &plan.layout, sealed);
            sealed::sort(column, stored, texts, intent, scratch).map(Judgement::from)
        }
        None => judge_cell(work, stored, texts, intent, scratch),
    }
}

/// … each value of a document.
fn sort_document(
    plan: &ColumnPlan,
    documents: &DocumentWork<'_>,
    stored: Option<&[u8]>,
    texts: &[Option<&[u8]>],
    intent: Intent,
    scratch: &mut Scratch,
) -> Result<Judgement> {
    let values = match documents.values(stored) {
        Ok(values) => values,
        Err(reason) => return Ok(Judgement::Failed(reason)),
    };
    let mut judged = Vec::with_capacity(values.len());
    for Placed { place, outcome: FoundValue { is_named, stored } } in values {
        let outcome = match stored {
            None => Judgement::Failed(Reason::Malformed),
            Some(value) => {
                let work = documents.work_of(is_named);
                sort(plan, work, Some(&value), texts, intent, scratch)?
            }
        };
        if outcome != Judgement::Nothing {
            judged.push(Placed { place, outcome });
        }
    }
    let mut judgement = Judgement::of_strings(judged, None);
    judgement.put_together(documents, stored.unwrap_or_default())?;
    Ok(judgement)
}

fn judge_cell(
    work: &ColumnWork<'_>,
    stored: Option<&[u8]>,
    texts: &[Option<&[u8]>],
    intent: Intent,
    scratch: &mut Scratch,
) -> Result<Judgement> {
    if let Some(work) = work.documents() {
        return judge_document(&work, stored, texts, intent, scratch);
    }
    Ok(match intent {
        Intent::Read | Intent::Sift => work.read(stored, texts, scratch).into(),
        Intent::Reseal | Intent::Prove => work.reseal(stored, texts, scratch)?.into(),
    })
}

fn judge_document(
    work: &DocumentWork<'_>,
    stored: Option<&[u8]>,
    texts: &[Option<&[u8]>],
    intent: Intent,
    scratch: &mut Scratch,
) -> Result<Judgement> {
    let judgement = match intent {
        Intent::Read | Intent::Sift => {
            work.read(stored, texts, scratch).map(|strings| Judgement::of_strings(strings, None))
        }
        Intent::Reseal | Intent::Prove => work
            .reseal(stored, texts, scratch)?
            .map(|document| Judgement::of_strings(document.strings, document.replacement)),
    };
    Ok(judgement.unwrap_or_else(Judgement::Failed))
}

/// How many seals a page may need, at most: one a cell, and in documents one for each string that may be a
/// value. They are searched for on the rayon pool.
pub async fn seals(page: Page, table: &Arc<TablePlan>) -> Result<(Page, u64)> {
    if table.columns.iter().all(|column| column.paths.is_none()) {
        let cells = page.len() as u64 * table.columns.len() as u64;
        return Ok((page, cells));
    }
    let table = Arc::clone(table);
    on_the_pool(move || {
        let seals = (0..page.len()).into_par_iter().map(|row| seals_of(&page, row, &table)).sum();
        Ok((page, seals))
    })
    .await
}

fn seals_of(page: &Page, row: usize, table: &TablePlan) -> u64 {
    let of_cell = |(n, column): (usize, &ColumnPlan)| match column.work().documents() {
        None => 1,
        Some(work) => {
            SCRATCH.with_borrow_mut(|scratch| work.seals(page.value(row, n).stored, scratch))
        }
    };
    table.columns.iter().enumerate().map(of_cell).sum()
}

/// A page whose every value is judged.
pub struct JudgedPage {
    pub page: Page,
    columns: usize,
    /// Row by row, the columns of each row together.
    judgements: Vec<Judgement>,
}

impl JudgedPage {
    /// The judgements of one row, a column each.
    pub fn row(&self, row: usize) -> &[Judgement] {
        &self.judgements[row * self.columns..(row + 1) * self.columns]
    }

    /// Whether the row holds anything to be written.
    pub fn is_written(&self, row: usize) -> bool {
        self.row(row).iter().any(|judgement| judgement.replacement().is_some())
    }

    /// Whether anything of the page is to be written.
    pub fn writes(&self) -> bool {
        (0..self.page.len()).any(|row| self.is_written(row))
    }

    /// Marks everything that was to be written of a row as refused by the database.
    pub fn refuse_row(&mut self, row: usize, sqlstate: Option<&str>) {
        (0..self.columns).for_each(|column| self.refuse(row, column, sqlstate));
    }

    /// Marks what was to be written of one cell as refused by the database.
    pub fn refuse(&mut self, row: usize, column: usize, sqlstate: Option<&str>) {
        self.judgements[row * self.columns + column].refuse(sqlstate);
    }

    /// Whether something is to be done about a row: a value under a previous key, or a failure.
    pub fn is_unfinished(&self, row: usize) -> bool {
        self.row(row).iter().flat_map(Judgement::values).any(|(_, value)| value.is_unfinished())
    }

    /// How many values of one row were judged so.
    pub fn count_in_row(&self, row: usize, judged: impl Fn(&Judgement) -> bool) -> u64 {
        count(self.row(row).iter(), judged)
    }

    /// How many values were judged so.
    pub fn count(&self, judged: impl Fn(&Judgement) -> bool) -> u64 {
        count(self.judgements.iter(), judged)
    }

    /// How many values of one column were judged so.
    pub fn count_in(&self, column: usize, judged: impl Fn(&Judgement) -> bool) -> u64 {
        count(self.judgements.iter().skip(column).step_by(self.columns), judged)
    }

    /// How many values of one row were resealed.
    pub fn resealed(&self, row: usize) -> u64 {
        self.count_in_row(row, |judgement| matches!(judgement, Judgement::Resealed(_)))
    }

    /// Takes out the rows that need something done.
    pub fn into_unfinished_rows(self) -> Vec<tokio_postgres::Row> {
        let keep: Vec<bool> = (0..self.page.len()).map(|row| self.is_unfinished(row)).collect();
        self.page.into_rows(&keep)
    }
}

fn count<'j>(
    cells: impl Iterator<Item = &'j Judgement>,
    judged: impl Fn(&Judgement) -> bool,
) -> u64 {
    cells.flat_map(Judgement::values).filter(|(_, value)| judged(value)).count() as u64
}
