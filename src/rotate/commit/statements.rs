//! The statements that write a page of one table, rendered once. Text only; [`batch`](super::batch) fills
//! their parameters in the order that is decided here.

use std::fmt::Write as _;

use crate::db::identifier::Identifier;
use crate::db::sql::{self, render};
use crate::plan::{ColumnKind, ColumnPlan, KeyPlan, TablePlan};
use crate::rotate::statements::{Order, key_compare, key_names};

/// The order of the write statements' parameters: `$1` tableoid, `$2` xmins, `$3` ctids (they alone
/// tell rows apart whose unique index is broken), then one array for each key column, value column
/// and AAD text (and value as read, when values are compared), then the range's lower and upper bound.
const FIRST_ARRAY: usize = 4;

/// The rows of the page as a select list. Functions that return sets go on in step there, as in FROM, but are
/// not each gathered into a table before the first row is read (PostgreSQL manual, "SQL Functions Returning
/// Sets"): a tenth of the statement's time.
const ROWS: &str = "generate_series(1::bigint, cardinality($2::xid[])) AS n, \
    unnest($2::xid[]) AS read_xmin, unnest($3::tid[]) AS read_ctid";

/// The three statements that write a page and look after it.
#[derive(Clone, Debug)]
pub struct WriteStatements {
    pub write: String,
    pub write_unlocked: String,
    pub unwritten: String,
}

/// `compares_values` adds an array of the stored values as read, for each value column, and matches
/// them too: behind a pooler nothing else tells that the server crashed in between.
pub fn write(table: &TablePlan, order: Order, compares_values: bool) -> WriteStatements {
    let parts = WriteParts::of(table, order, compares_values);
    WriteStatements {
        write: parts.render(sql::COMMIT_WRITE, true),
        write_unlocked: parts.render(sql::COMMIT_WRITE_UNLOCKED, true),
        unwritten: parts.render(sql::COMMIT_UNWRITTEN, false),
    }
}

/// The fragments that the write statements share.
struct WriteParts {
    relation: String,
    rows: String,
    is_as_read: String,
    assignments: String,
    altered: String,
    columns_stand: String,
    range: String,
}

impl WriteParts {
    fn of(table: &TablePlan, order: Order, compares_values: bool) -> Self {
        let mut rows = ROWS.to_owned();
        let mut next = FIRST_ARRAY;
        let mut array = |sql_type: &str, name: String| {
            let column = write!(rows, ", unnest(${next}::{sql_type}[]) AS {name}");
            column.expect("writing to a String cannot fail");
            next += 1;
        };
        for (key, name) in table.key.columns.iter().zip(key_names(&table.key)) {
            array(&key.sql_type.to_string(), name);
        }
        for (n, column) in table.columns.iter().enumerate() {
            for (place, (_, kind)) in column.cell().columns().enumerate() {
                array(kind_type(kind), piece_name(n, place));
            }
        }
        for n in 0..table.aad_columns.len() {
            array("text", format!("a{n}"));
        }
        let mut is_as_read = is_as_read(&table.key);
        if compares_values {
            for (n, column) in table.columns.iter().enumerate() {
                array(kind_type(column.cell().stored_kind()), format!("o{n}"));
                is_as_read.push_str(&format!(" AND {}", same_value(column, n)));
            }
        }
        Self {
            relation: table.relation.to_string(),
            rows,
            is_as_read,
            assignments: assignments(table),
            altered: altered(table),
            columns_stand: columns_stand(table),
            range: range(table, order, next),
        }
    }

    fn render(&self, template: &str, writes: bool) -> String {
        let mut fragments = vec![
            ("relation", self.relation.as_str()),
            ("rows", &self.rows),
            ("is_as_read", &self.is_as_read),
            ("range", &self.range),
        ];
        if writes {
            fragments.push(("assignments", &self.assignments));
            fragments.push(("altered", &self.altered));
            fragments.push(("columns_stand", &self.columns_stand));
        }
        render(template, &fragments)
    }
}

fn kind_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bytea => "bytea",
        ColumnKind::Text | ColumnKind::Json | ColumnKind::Jsonb | ColumnKind::Integer => "text",
    }
}

/// The new values of one column: `v0`, and beside it `v0_1`, `v0_2`, … A value is written in all its columns or
/// in none, so that `v0` says which.
fn piece_name(n: usize, place: usize) -> String {
    match place {
        0 => format!("v{n}"),
        _ => format!("v{n}_{place}"),
    }
}

/// Whether a row is the version that was read: in its place, of that transaction, under that key, in that
/// table. Rows are joined by their places alone, which costs least; what is wrapped in IS TRUE is only
/// compared, so that no index is asked, which may not know the row.
fn is_as_read(key: &KeyPlan) -> String {
    let columns = key.columns.iter().zip(key_names(key));
    let operator = format!("OPERATOR({}.=)", key.operator_schema);
    let same = columns.map(|(column, name)| format!("t.{} {operator} page.{name}", column.name));
    let same: Vec<String> = same.collect();
    format!(
        "t.ctid = page.read_ctid AND t.tableoid = $1 AND (t.xmin = page.read_xmin AND {}) IS TRUE",
        same.join(" AND ")
    )
}

fn same_value(column: &ColumnPlan, n: usize) -> String {
    let stored = match column.cell().stored_kind() {
        ColumnKind::Bytea => column.cell().stored(),
        _ => format!("t.{}::text COLLATE \"C\"", column.name),
    };
    format!("(page.v{n} IS NULL OR {stored} = page.o{n})")
}

/// A new value as its column takes it.
fn as_column(kind: ColumnKind, new: &str) -> String {
    match kind {
        ColumnKind::Bytea | ColumnKind::Text => format!("page.{new}"),
        ColumnKind::Json => format!("page.{new}::pg_catalog.json"),
        ColumnKind::Jsonb => format!("page.{new}::pg_catalog.jsonb"),
        ColumnKind::Integer => format!("page.{new}::pg_catalog.int8"),
    }
}

/// Every column that is written: its name and kind, and the name of its new values.
fn written(table: &TablePlan) -> Vec<(&Identifier, ColumnKind, String)> {
    let mut written = Vec::new();
    for (n, column) in table.columns.iter().enumerate() {
        let pieces = column.cell().columns().enumerate();
        written.extend(pieces.map(|(place, (name, kind))| (name, kind, piece_name(n, place))));
    }
    written
}

/// A value that was not resealed stays as it is; so does its TOAST.
fn assignments(table: &TablePlan) -> String {
    let values = written(table)
        .into_iter()
        .map(|(name, kind, new)| format!("{name} = coalesce({}, t.{name})", as_column(kind, &new)));
    let version = table.version.iter().map(|name| format!("{name} = t.{name} + 1"));
    values.chain(version).collect::<Vec<_>>().join(", ")
}

/// Whether the row as it now stands differs from what was meant: a trigger put another value in, or
/// changed a column that the value is bound to.
fn altered(table: &TablePlan) -> String {
    let values = written(table).into_iter().map(|(name, kind, new)| match kind {
        ColumnKind::Bytea => {
            format!("(page.{new} IS NOT NULL AND t.{name} IS DISTINCT FROM page.{new})")
        }
        ColumnKind::Text | ColumnKind::Json => format!(
            "(page.{new} IS NOT NULL AND t.{name}::text COLLATE \"C\" IS DISTINCT FROM page.{new})"
        ),
        // the server has written it in its own way, with the same numbers and escapes as it would again
        ColumnKind::Jsonb | ColumnKind::Integer => format!(
            "(page.{new} IS NOT NULL AND t.{name}::text COLLATE \"C\" IS DISTINCT FROM {}::text)",
            as_column(kind, &new)
        ),
    });
    let aad = table
        .aad_columns
        .iter()
        .enumerate()
        .map(|(n, name)| format!("t.{name}::text COLLATE \"C\" IS DISTINCT FROM page.a{n}"));
    values.chain(aad).collect::<Vec<_>>().join(" OR ")
}

/// Whether the names still mean the columns that were read. A column that is renamed, and another that takes
/// its name, leave every row version as it is.
fn columns_stand(table: &TablePlan) -> String {
    let columns = table.columns.iter().flat_map(ColumnPlan::written_columns);
    let columns: Vec<String> =
        columns.map(|(name, number)| format!("({}, {number})", name.constant())).collect();
    let (count, columns) = (columns.len(), columns.join(", "));
    let is_column = format!("a.attrelid = $1 AND (a.attname, a.attnum) IN ({columns})");
    format!("SELECT count(*) = {count} FROM pg_catalog.pg_attribute AS a WHERE {is_column}")
}

/// A range lets the planner read just the page's part of the index or of the heap. A row version
/// whose xmin is unchanged has not moved, so its ctid is where it was read.
fn range(table: &TablePlan, order: Order, mut next: usize) -> String {
    match order {
        Order::ByKey => {
            let low = key_compare(&table.key, ">=", &mut next);
            let high = key_compare(&table.key, "<=", &mut next);
            format!("{low} AND {high}")
        }
        Order::Physical => {
            format!("t.ctid >= ${} AND t.ctid <= ${}", next, next + 1)
        }
    }
}
