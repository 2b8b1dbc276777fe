//! Draws a random sample of a table (`TABLESAMPLE SYSTEM`), whatever it is of. Knows neither what its rows hold
//! nor what they are for.

use std::time::{Duration, Instant};

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::error::DatabaseError;
use super::transaction::Transaction;

/// A sample of a sparse table may be empty; it is drawn this often, each time from ten times as much.
const DRAWS_MAX: u32 = 3;

/// What a sample holds at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub rows: i64,
    /// Bytes of all its values.
    pub bytes: i64,
    /// Bytes of one value; of a longer one only its length is drawn.
    pub value_bytes: i32,
}

/// The rows of a sample.
#[derive(Debug)]
pub struct Drawn {
    pub rows: Vec<Row>,
    /// How much of the table they were drawn from.
    pub percent: f32,
    /// What the server took to answer them.
    pub took: Duration,
}

/// The percentage of a table of `blocks` blocks that holds about `wanted` of them: a smaller table is drawn whole.
pub fn percent_of(blocks: u64, wanted: f64) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a percentage"
    )]
    let percent = (100.0 * wanted / blocks.max(1) as f64).min(100.0) as f32;
    percent
}

/// Draws until there are rows. The statement takes the percentage and the bounds, in their order.
pub async fn draw(
    transaction: &Transaction<'_>,
    statement: &str,
    mut percent: f32,
    bounds: Bounds,
) -> Result<Drawn, DatabaseError> {
    let Bounds { rows, bytes, value_bytes } = bounds;
    let mut draws = 0;
    loop {
        draws += 1;
        let begun = Instant::now();
        let parameters = [
            (&percent as _, Type::FLOAT4),
            (&rows as _, Type::INT8),
            (&bytes as _, Type::INT8),
            (&value_bytes as _, Type::INT4),
        ];
        let rows = transaction.query(statement, &parameters).await?;
        if !rows.is_empty() || percent >= 100.0 || draws == DRAWS_MAX {
            return Ok(Drawn { rows, percent, took: begun.elapsed() });
        }
        percent = (percent * 10.0).min(100.0);
    }
}
