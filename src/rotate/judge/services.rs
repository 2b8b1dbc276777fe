//! The values of a page that key services must be asked about: what is asked, all at once, and what becomes
//! of the answers. What a key of the ring seals then is sealed on the rayon pool again.

use std::sync::Arc;

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::unknown::{Spot, UnknownValue};
use super::{Intent, JudgedPage, Judgement, SCRATCH, on_the_pool};
use crate::error::Result;
use crate::plan::{ColumnPlan, TablePlan};
use crate::sealed::{self, Answer, AskedColumn, Question};
use crate::value::{Reason, Scratch};

/// What was opened by a service, by its place.
type Shown = Vec<(Spot, Zeroizing<Vec<u8>>)>;

/// Gives every value of a page that is still unknown its judgement.
///
/// # Errors
/// Those of the services; those of sealing.
pub(super) async fn judge_unknown(
    judged: JudgedPage,
    table: Arc<TablePlan>,
    intent: Intent,
) -> Result<JudgedPage> {
    let asked = Arc::clone(&table);
    let (mut judged, spots, questions) =
        on_the_pool(move || Ok(questions(judged, &asked, intent))).await?;
    if spots.is_empty() {
        return Ok(judged);
    }
    let columns: Vec<Option<AskedColumn<'_>>> =
        table.columns.iter().map(ColumnPlan::asked).collect();
    let mut shown: Shown = Vec::new();
    for (n, answer) in sealed::ask(&columns, questions, intent).await? {
        let judgement = match answer {
            Answer::Current => Judgement::Current,
            Answer::Previous => Judgement::Previous,
            Answer::Sealed(stored) => Judgement::Resealed(stored),
            Answer::Failed(reason) => Judgement::Failed(reason),
            Answer::Shown(plaintext) => {
                shown.push((spots[n], plaintext));
                continue;
            }
        };
        judged.decide(spots[n], judgement);
    }
    on_the_pool(move || seal(judged, &table, shown)).await
}

/// What is asked about the unknown values, each by its number; those that nobody needs to be asked about are judged.
fn questions(
    mut judged: JudgedPage,
    table: &TablePlan,
    intent: Intent,
) -> (JudgedPage, Vec<Spot>, Vec<Question>) {
    let sealed = table.columns.iter().enumerate().filter(|(_, plan)| plan.sealed.is_some());
    let unknown: Vec<UnknownValue> =
        sealed.flat_map(|(column, _)| judged.unknown_in(table, column)).collect();
    let page = &judged;
    let asked: Vec<Result<Question, Reason>> = unknown
        .par_iter()
        .enumerate()
        .map(|(n, value)| {
            SCRATCH.with_borrow_mut(|scratch| question(page, table, (n, value), intent, scratch))
        })
        .collect();
    let spots: Vec<Spot> = unknown.into_iter().map(|value| value.spot).collect();
    let mut questions = Vec::with_capacity(asked.len());
    for (asked, spot) in asked.into_iter().zip(&spots) {
        match asked {
            Ok(question) => questions.push(question),
            Err(reason) => judged.decide(*spot, Judgement::Failed(reason)),
        }
    }
    (judged, spots, questions)
}

fn question(
    judged: &JudgedPage,
    table: &TablePlan,
    (n, value): (usize, &UnknownValue),
    intent: Intent,
    scratch: &mut Scratch,
) -> Result<Question, Reason> {
    let (row, column) = (value.spot.cell / judged.columns, value.spot.cell % judged.columns);
    let plan = &table.columns[column];
    let (Some(sealed), work) = (&plan.sealed, value.work(plan.work())) else {
        return Err(Reason::Malformed);
    };
    let texts = judged.page.aad_texts(row);
    let asked = (&work, &plan.layout, sealed);
    Question::of((n, column), asked, &value.stored, &texts, intent, scratch)
}

/// Seals what the services opened with the keys of the ring, and puts documents together.
fn seal(mut judged: JudgedPage, table: &TablePlan, shown: Shown) -> Result<JudgedPage> {
    let page = &judged;
    let sealed: Result<Vec<(Spot, Judgement)>> = shown
        .into_par_iter()
        .map(|(spot, plaintext)| {
            let (row, column) = (spot.cell / page.columns, spot.cell % page.columns);
            let (work, texts) = (table.columns[column].work(), page.page.aad_texts(row));
            let seal = |scratch: &mut Scratch| work.seal_shown(&plaintext, &texts, scratch);
            Ok((spot, SCRATCH.with_borrow_mut(seal)?.into()))
        })
        .collect();
    for (spot, judgement) in sealed? {
        judged.decide(spot, judgement);
    }
    for (column, _) in table.columns.iter().enumerate().filter(|(_, it)| it.sealed.is_some()) {
        judged.put_together(table, column)?;
    }
    Ok(judged)
}
