//! The values of a page that key services must be asked about: what is asked, all at once, and what becomes
//! of the answers. What a key of the ring seals then is sealed on the rayon pool again.

use std::sync::Arc;

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::{Intent, JudgedPage, Judgement, SCRATCH, on_the_pool};
use crate::error::Result;
use crate::plan::{ColumnPlan, TablePlan};
use crate::sealed::{self, Answer, AskedColumn, Question};
use crate::value::{Reason, Scratch};

/// What was opened by a service, by cell.
type Shown = Vec<(usize, Zeroizing<Vec<u8>>)>;

/// Gives every value of a page that is still unknown its judgement.
///
/// # Errors
/// Those of the services; those of sealing.
pub(super) async fn judge_unknown(
    judged: JudgedPage,
    table: Arc<TablePlan>,
    intent: Intent,
) -> Result<JudgedPage> {
    if !judged.judgements.contains(&Judgement::Unknown) {
        return Ok(judged);
    }
    let asked = Arc::clone(&table);
    let (mut judged, questions) =
        on_the_pool(move || Ok(questions(judged, &asked, intent))).await?;
    let columns: Vec<Option<AskedColumn<'_>>> =
        table.columns.iter().map(ColumnPlan::asked).collect();
    let mut shown: Shown = Vec::new();
    for (cell, answer) in sealed::ask(&columns, questions, intent).await? {
        judged.judgements[cell] = match answer {
            Answer::Current => Judgement::Current,
            Answer::Previous => Judgement::Previous,
            Answer::Sealed(stored) => Judgement::Resealed(stored),
            Answer::Failed(reason) => Judgement::Failed(reason),
            Answer::Shown(plaintext) => {
                shown.push((cell, plaintext));
                Judgement::Unknown
            }
        };
    }
    if shown.is_empty() {
        return Ok(judged);
    }
    on_the_pool(move || seal(judged, &table, shown)).await
}

/// What is asked about the unknown values; those that nobody needs to be asked about are judged.
fn questions(
    mut judged: JudgedPage,
    table: &TablePlan,
    intent: Intent,
) -> (JudgedPage, Vec<Question>) {
    let unknown: Vec<usize> = judged
        .judgements
        .iter()
        .enumerate()
        .filter(|(_, judgement)| **judgement == Judgement::Unknown)
        .map(|(cell, _)| cell)
        .collect();
    let page = &judged;
    let asked: Vec<(usize, Result<Question, Reason>)> = unknown
        .into_par_iter()
        .map(|cell| {
            SCRATCH.with_borrow_mut(|scratch| (cell, question(page, table, cell, intent, scratch)))
        })
        .collect();
    let mut questions = Vec::with_capacity(asked.len());
    for (cell, asked) in asked {
        match asked {
            Ok(question) => questions.push(question),
            Err(reason) => judged.judgements[cell] = Judgement::Failed(reason),
        }
    }
    (judged, questions)
}

fn question(
    judged: &JudgedPage,
    table: &TablePlan,
    cell: usize,
    intent: Intent,
    scratch: &mut Scratch,
) -> Result<Question, Reason> {
    let (row, column) = (cell / judged.columns, cell % judged.columns);
    let plan = &table.columns[column];
    let (Some(sealed), work) = (&plan.sealed, plan.work()) else { return Err(Reason::Malformed) };
    let stored = judged.page.value(row, column).stored.ok_or(Reason::TooLarge)?;
    let texts = judged.page.aad_texts(row);
    let asked = (&work, &plan.layout, sealed);
    Question::of((cell, column), asked, stored, &texts, intent, scratch)
}

/// Seals what the services opened with the keys of the ring.
fn seal(mut judged: JudgedPage, table: &TablePlan, shown: Shown) -> Result<JudgedPage> {
    let page = &judged;
    let sealed: Result<Vec<(usize, Judgement)>> = shown
        .into_par_iter()
        .map(|(cell, plaintext)| {
            let (row, column) = (cell / page.columns, cell % page.columns);
            let (work, texts) = (table.columns[column].work(), page.page.aad_texts(row));
            let seal = |scratch: &mut Scratch| work.seal_shown(&plaintext, &texts, scratch);
            Ok((cell, SCRATCH.with_borrow_mut(seal)?.into()))
        })
        .collect();
    for (cell, judgement) in sealed? {
        judged.judgements[cell] = judgement;
    }
    Ok(judged)
}
