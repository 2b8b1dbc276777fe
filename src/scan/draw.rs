//! Reads values: a random sample of a table, the first of a sparse column, or every one. Read-only, bounded in
//! rows, bytes and time.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::catalogue::{ColumnFacts, Kind, TableFacts};
use crate::db::error::DatabaseError;
use crate::db::identifier::Identifier;
use crate::db::row_key::Binary;
use crate::db::sample::{self, Bounds, Drawn};
use crate::db::session::Terms;
use crate::db::sql;
use crate::db::transaction::{RowStream, Transaction};

/// Blocks to draw; a table with no more is drawn from whole.
const SAMPLE_BLOCKS: f64 = 100.0;
/// Rows of a sample at most, and bytes of their values.
const SAMPLE_ROWS_MAX: i64 = 500;
const SAMPLE_BYTES_MAX: i64 = 16 << 20;
/// Bytes of a value that is read for a sample, and when every value is.
const SAMPLE_VALUE_MAX: i32 = 2 << 20;
const VALUE_MAX: i32 = 32 << 20;
/// Values of a column that the sample had none of.
const SPARSE_VALUES: i64 = 100;
/// How long the server may look for them.
const SPARSE_TIME: Duration = Duration::from_secs(2);
/// Columns of one statement; PostgreSQL answers with 1,664 at most.
pub const COLUMNS_MAX: usize = 400;

/// On what terms a sample is drawn: nobody waits for it, and it waits for nobody.
pub fn terms(time: Duration) -> Terms {
    Terms { lock_timeout: Duration::from_secs(1), statement_timeout: time, ..Terms::reading() }
}

/// Rows with the values of some columns of one table, and the texts that additional data may need.
pub struct Values {
    pub rows: Vec<Row>,
    columns: usize,
    texts: usize,
    /// Whether these are all rows of the table.
    pub is_whole: bool,
}

impl Values {
    pub fn new(rows: Vec<Row>, columns: usize, texts: usize, is_whole: bool) -> Self {
        Self { rows, columns, texts, is_whole }
    }

    /// The value of a column in a row, unless it is NULL or empty.
    pub fn value<'v>(&self, row: &'v Row, column: usize) -> Option<Value<'v>> {
        let length: Option<i32> = row.get(2 * column + 1);
        length.filter(|length| *length > 0)?;
        let stored: Option<Binary<'v>> = row.get(2 * column);
        Some(stored.map_or(Value::TooLong, |stored| Value::Read(stored.0)))
    }

    /// The texts of a row.
    pub fn texts<'v>(&self, row: &'v Row) -> Vec<Option<&'v [u8]>> {
        let text = |n| row.get::<_, Option<Binary<'v>>>(2 * self.columns + n).map(|text| text.0);
        (0..self.texts).map(text).collect()
    }
}

pub enum Value<'v> {
    Read(&'v [u8]),
    /// Told by its length alone.
    TooLong,
}

/// Draws a sample of some columns.
pub async fn sample(
    transaction: &Transaction<'_>,
    table: &TableFacts,
    columns: &[ColumnFacts],
    texts: &[Identifier],
) -> Result<Values, DatabaseError> {
    let mut inner: Vec<String> = columns.iter().map(|column| column.name.to_string()).collect();
    inner.extend(texts.iter().map(ToString::to_string));
    inner.sort();
    inner.dedup();
    let inner: Vec<String> = inner.iter().map(|name| format!("r.{name}")).collect();
    let lengths = columns.iter().map(|column| format!("coalesce({}, 0)", length(column)));
    let statement = sql::render(
        sql::SCAN_SAMPLE,
        &[
            ("relation", &table.relation.to_string()),
            ("columns", &inner.join(", ")),
            ("values", &values(columns, texts, 4)),
            ("row_bytes", &lengths.collect::<Vec<_>>().join(" + ")),
        ],
    );
    let percent = sample::percent_of(table.blocks, SAMPLE_BLOCKS);
    let bounds =
        Bounds { rows: SAMPLE_ROWS_MAX, bytes: SAMPLE_BYTES_MAX, value_bytes: SAMPLE_VALUE_MAX };
    let Drawn { rows, percent, .. } =
        sample::draw(transaction, &statement, percent, bounds).await?;
    let is_whole = percent >= 100.0 && (rows.len() as i64) < SAMPLE_ROWS_MAX;
    Ok(Values::new(rows, columns.len(), texts.len(), is_whole))
}

/// The first values of one column; none when the server does not find them in time.
pub async fn sparse(
    transaction: &Transaction<'_>,
    table: &TableFacts,
    column: &ColumnFacts,
    texts: &[Identifier],
) -> Result<Values, DatabaseError> {
    let statement = sql::render(
        sql::SCAN_SPARSE,
        &[
            ("relation", &table.relation.to_string()),
            ("values", &values(std::slice::from_ref(column), texts, 2)),
            ("is_value", &format!("{} > 0", length(column))),
        ],
    );
    transaction.set_statement_timeout(SPARSE_TIME).await?;
    let parameters = &[(&SPARSE_VALUES as _, Type::INT8), (&SAMPLE_VALUE_MAX as _, Type::INT4)];
    let rows = transaction.query(&statement, parameters).await?;
    Ok(Values::new(rows, 1, texts.len(), false))
}

/// Every value of some columns, as they arrive.
pub async fn every<'t>(
    transaction: &'t Transaction<'_>,
    table: &TableFacts,
    columns: &[ColumnFacts],
    texts: &[Identifier],
) -> Result<RowStream<'t>, DatabaseError> {
    let statement = sql::render(
        sql::SCAN_EVERY,
        &[("relation", &table.relation.to_string()), ("values", &values(columns, texts, 1))],
    );
    transaction.stream(&statement, &[(&VALUE_MAX, Type::INT4)]).await
}

/// Two fields for every column (the value, its length), then the texts; `bound` is the parameter that says how
/// long a value may be.
fn values(columns: &[ColumnFacts], texts: &[Identifier], bound: u32) -> String {
    let mut fields = Vec::new();
    for (n, column) in columns.iter().enumerate() {
        let (value, length) = (value(column), length(column));
        fields.push(format!(
            "CASE WHEN {length} <= ${bound} THEN {value} END AS v{n}, {length} AS b{n}"
        ));
    }
    for (n, name) in texts.iter().enumerate() {
        fields.push(format!("t.{name}::text AS a{n}"));
    }
    fields.join(", ")
}

fn value(column: &ColumnFacts) -> String {
    match column.kind {
        Kind::Bytea => format!("t.{}", column.name),
        Kind::Text | Kind::Json => format!("t.{}::text", column.name),
    }
}

fn length(column: &ColumnFacts) -> String {
    format!("octet_length({})", value(column))
}
