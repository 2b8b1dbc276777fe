//! What becomes of each value of a page. Pure and parallel: on the rayon pool, never on the async
//! threads; no database here.

use std::cell::RefCell;
use std::sync::Arc;

use rayon::prelude::*;

use super::page::Page;
use crate::crypto::wipe_unused_stack;
use crate::error::{Error, Result};
use crate::plan::{ColumnPlan, TablePlan};
use crate::value::{ColumnWork, Reading, Reason, Resealing, Scratch};

/// The judgement of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// NULL, empty, or none of ours: left alone.
    Nothing,
    /// Opens with the current key in its write layout.
    Current,
    /// Resealed; these bytes replace the stored ones.
    Resealed(Vec<u8>),
    /// Needs a previous key (when only reading).
    Previous,
    Failed(Reason),
    /// The database refused to write it: a constraint, a trigger or a rule.
    Refused {
        sqlstate: Option<String>,
    },
}

/// What to do with values under a previous key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Reseal,
    Read,
}

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
/// randomness.
pub async fn judge(page: Page, table: Arc<TablePlan>, intent: Intent) -> Result<JudgedPage> {
    let (done, result) = tokio::sync::oneshot::channel();
    rayon::spawn(move || {
        let judged = judge_here(page, &table, intent);
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
        .with_min_len(VALUES_PER_TASK)
        .map(|n| {
            let (row, column) = (n / columns, n % columns);
            let value = page.value(row, column);
            if value.length == 0 {
                return Ok(Judgement::Nothing);
            }
            let work = &work[column];
            let texts = if work.needs_texts() { page.aad_texts(row) } else { Vec::new() };
            SCRATCH
                .with_borrow_mut(|scratch| judge_value(work, value.stored, &texts, intent, scratch))
        })
        .collect();
    Ok(JudgedPage { judgements: judgements?, columns, page })
}

fn judge_value(
    work: &ColumnWork<'_>,
    stored: Option<&[u8]>,
    texts: &[Option<&[u8]>],
    intent: Intent,
    scratch: &mut Scratch,
) -> Result<Judgement> {
    Ok(match intent {
        Intent::Read => match work.read(stored, texts, scratch) {
            Reading::Current => Judgement::Current,
            Reading::OtherLayout | Reading::Previous(_) | Reading::Plain => Judgement::Previous,
            Reading::Left => Judgement::Nothing,
            Reading::Unreadable(reason) => Judgement::Failed(reason),
        },
        Intent::Reseal => match work.reseal(stored, texts, scratch)? {
            Resealing::AlreadyCurrent => Judgement::Current,
            Resealing::Left => Judgement::Nothing,
            Resealing::Resealed(bytes) => Judgement::Resealed(bytes),
            Resealing::Failed(reason) => Judgement::Failed(reason),
        },
    })
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
        self.row(row).iter().any(|judgement| matches!(judgement, Judgement::Resealed(_)))
    }

    /// Marks everything that was to be written of a row as refused by the database.
    pub fn refuse_row(&mut self, row: usize, sqlstate: Option<String>) {
        for column in 0..self.columns {
            if matches!(self.row(row)[column], Judgement::Resealed(_)) {
                self.set(row, column, Judgement::Refused { sqlstate: sqlstate.clone() });
            }
        }
    }

    /// Whether something is to be done about a row: a value under a previous key, or a failure.
    pub fn is_unfinished(&self, row: usize) -> bool {
        let unfinished = |j: &Judgement| matches!(j, Judgement::Previous | Judgement::Failed(_));
        self.row(row).iter().any(unfinished)
    }

    /// How many values were judged so.
    pub fn count(&self, judged: impl Fn(&Judgement) -> bool) -> u64 {
        self.judgements.iter().filter(|judgement| judged(judgement)).count() as u64
    }

    /// How many values of one column were judged so.
    pub fn count_in(&self, column: usize, judged: impl Fn(&Judgement) -> bool) -> u64 {
        let of_column = self.judgements.iter().skip(column).step_by(self.columns);
        of_column.filter(|judgement| judged(judgement)).count() as u64
    }

    /// Takes out the rows that need something done.
    pub fn into_unfinished_rows(self) -> Vec<tokio_postgres::Row> {
        let keep: Vec<bool> = (0..self.page.len()).map(|row| self.is_unfinished(row)).collect();
        self.page.into_rows(&keep)
    }

    /// Replaces what was judged of one value.
    pub fn set(&mut self, row: usize, column: usize, judgement: Judgement) {
        self.judgements[row * self.columns + column] = judgement;
    }
}
