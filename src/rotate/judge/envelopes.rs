//! The values of a page whose wrapped data keys must be asked about: each distinct one once, and then the values
//! are judged by what is known of them, on the rayon pool.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::unknown::UnknownValue;
use super::{Intent, JudgedPage, Judgement, SCRATCH, on_the_pool};
use crate::envelope::{
    self, Asked, Bindings, Envelope, EnvelopeColumn, FreshKeys, Held, KnownKeys,
};
use crate::error::Result;
use crate::plan::{ColumnPlan, TablePlan};

/// Rotations of a KMS key that are heard of while one page is asked about: more are no rotations.
const ROTATIONS_MAX: usize = 8;

/// A value with its wrapped key.
struct Locked {
    value: UnknownValue,
    asked: Asked,
}

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
        let (page, mut left) = locked(judged, table, column).await?;
        judged = page;
        for _ in 0..ROTATIONS_MAX {
            if left.is_empty() {
                break;
            }
            (judged, left) = judge_locked(judged, left, table, envelope, (column, intent)).await?;
        }
    }
    Ok(judged)
}

/// Answers those that are still unknown, because another worker has heard of a rotation meanwhile.
async fn judge_locked(
    judged: JudgedPage,
    locked: Vec<Locked>,
    table: &Arc<TablePlan>,
    envelope: &Envelope,
    column: (usize, Intent),
) -> Result<(JudgedPage, Vec<Locked>)> {
    let asked: BTreeSet<Asked> = locked.iter().map(|locked| locked.asked.clone()).collect();
    let known = Arc::new(envelope.ask(asked.into_iter().collect(), column.1).await?);
    let held = (Arc::clone(&known), Arc::new(FreshKeys::default()));
    let (judged, left) = sorted(judged, locked, table, column, held).await?;
    // what opens, and is to be sealed under a new data key
    let bindings = left.iter().map(|locked| locked.asked.key.bindings.clone());
    let bindings: Vec<Bindings> = bindings.collect();
    if bindings.is_empty() {
        return Ok((judged, left));
    }
    let held = (known, Arc::new(envelope.fresh_keys(&bindings).await?));
    sorted(judged, left, table, column, held).await
}

/// The unknown values of a column with their wrapped keys.
async fn locked(
    judged: JudgedPage,
    table: &Arc<TablePlan>,
    column: usize,
) -> Result<(JudgedPage, Vec<Locked>)> {
    let table = Arc::clone(table);
    on_the_pool(move || {
        let plan = &table.columns[column];
        let locked = |value: UnknownValue| {
            let (row, work) = (value.spot.cell / judged.columns, value.work(plan.work()));
            let texts = judged.page.aad_texts(row);
            let asked = envelope::asked(&plan.layout, &value.stored, &work.row(&texts)).ok()?;
            Some(Locked { value, asked })
        };
        let all = judged.unknown_in(&table, column).into_iter().filter_map(locked).collect();
        Ok((judged, all))
    })
    .await
}

/// Judges values of a column by what is at hand. Answers those for which that is not enough.
async fn sorted(
    mut judged: JudgedPage,
    locked: Vec<Locked>,
    table: &Arc<TablePlan>,
    (column, intent): (usize, Intent),
    (known, fresh): (Arc<KnownKeys>, Arc<FreshKeys>),
) -> Result<(JudgedPage, Vec<Locked>)> {
    let table = Arc::clone(table);
    on_the_pool(move || {
        let (plan, page) = (&table.columns[column], &judged);
        let sorted: Result<Vec<(Locked, Judgement)>> = locked
            .into_par_iter()
            .enumerate()
            .map(|(n, locked)| {
                let held = Held::Page(&known, fresh.of(n));
                let judgement = sort(page, plan, &locked.value, intent, held)?;
                Ok((locked, judgement))
            })
            .collect();
        let mut left = Vec::new();
        for (locked, judgement) in sorted? {
            let spot = locked.value.spot;
            if judgement == Judgement::Unknown {
                left.push(locked);
            }
            judged.decide(spot, judgement);
        }
        judged.put_together(&table, column)?;
        Ok((judged, left))
    })
    .await
}

fn sort(
    judged: &JudgedPage,
    plan: &ColumnPlan,
    value: &UnknownValue,
    intent: Intent,
    held: Held<'_>,
) -> Result<Judgement> {
    let Some(column) = plan.envelope() else { return Ok(Judgement::Unknown) };
    let column = EnvelopeColumn { work: value.work(column.work), ..column };
    let texts = judged.page.aad_texts(value.spot.cell / judged.columns);
    SCRATCH.with_borrow_mut(|scratch| {
        let stored = Some(&*value.stored);
        envelope::sort(column, stored, &texts, intent, held, scratch).map(Judgement::from)
    })
}
