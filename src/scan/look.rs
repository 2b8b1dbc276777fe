//! The values that were drawn, tried on all cores: which columns hold ciphertext, and what it is bound to.

use std::sync::Arc;

use rayon::prelude::*;
use tokio_postgres::Row;

use super::bindings;
use super::catalogue::TableFacts;
use super::draw::{Value, Values};
use super::forms::Form;
use super::tally::{Outcome, Tally};
use super::trials::{Seen, Trials};
use crate::error::{Error, Result};

/// Values that are tried with additional data, once no key has opened them without.
const BOUND_TRIES: usize = 24;
/// Values one rayon task takes at least.
const ROWS_PER_TASK: usize = 32;

/// A column and what its sample came to.
pub struct Looked {
    /// With the forms that were found on the way.
    pub trials: Arc<Trials>,
    pub tally: Tally,
}

/// Tries the values of some columns; `trials` has one of each column.
pub async fn at_sample(
    table: Arc<TableFacts>,
    values: Values,
    trials: Vec<Arc<Trials>>,
) -> Result<Vec<Looked>> {
    on_all_cores(move || {
        let looked = trials.into_par_iter().enumerate();
        looked.map(|(column, trials)| at_column(&table, &values, column, trials)).collect()
    })
    .await
}

/// Counts further values of some columns.
pub async fn at_more(values: Values, trials: Vec<Arc<Trials>>) -> Result<Vec<Tally>> {
    on_all_cores(move || {
        let counted = trials.par_iter().enumerate();
        counted.map(|(column, trials)| count(&values, column, trials)).collect()
    })
    .await
}

async fn on_all_cores<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, result) = tokio::sync::oneshot::channel();
    rayon::spawn(move || {
        // the receiver is gone only when the scan was given up; then nobody needs the answer
        let _abandoned = done.send(work());
    });
    result.await.map_err(|_| Error::bug("values were lost while they were tried"))
}

fn at_column(table: &TableFacts, values: &Values, column: usize, trials: Arc<Trials>) -> Looked {
    let tally = count(values, column, &trials);
    let found = bound_forms(table, values, column, &trials, &tally);
    if found.is_empty() {
        return Looked { trials, tally };
    }
    let trials = Arc::new(trials.with(found));
    let tally = count(values, column, &trials);
    Looked { trials, tally }
}

fn count(values: &Values, column: usize, trials: &Trials) -> Tally {
    let one = |mut tally: Tally, row: &Row| {
        match values.value(row, column) {
            None => {}
            Some(Value::TooLong) => tally.add(Outcome::TooLong),
            Some(Value::Read(stored)) => {
                let texts = values.texts(row);
                for spot in trials.spots(stored, &texts) {
                    let seen = Seen { stored: &spot.stored, texts: &texts };
                    trials.count(seen, &spot, stored, &mut tally);
                }
            }
        }
        tally
    };
    let rows = values.rows.par_iter().with_min_len(ROWS_PER_TASK);
    rows.fold(Tally::default, one).reduce(Tally::default, Tally::merged)
}

/// Forms with additional data in which values open that open in no other.
fn bound_forms(
    table: &TableFacts,
    values: &Values,
    column: usize,
    trials: &Trials,
    tally: &Tally,
) -> Vec<Form> {
    let is_left =
        !(tally.random.is_empty() && tally.shaped.is_empty() && tally.plausible.is_empty());
    if !is_left {
        return Vec::new();
    }
    let mut cells = Vec::new();
    for row in &values.rows {
        let Some(Value::Read(stored)) = values.value(row, column) else { continue };
        let texts = values.texts(row);
        let spots = trials.spots(stored, &texts).into_iter();
        cells.extend(spots.map(|spot| (spot.stored, texts.clone())));
    }
    let seen = cells.iter().map(|(stored, texts)| Seen { stored, texts });
    let left: Vec<Seen<'_>> = seen.filter(|seen| trials.leaves(*seen)).take(BOUND_TRIES).collect();
    trials.bound(&left, &bindings::templates(table))
}
