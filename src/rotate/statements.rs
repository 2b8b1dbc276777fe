//! The page statements of one table, rendered once.
//!
//! Text only: which parameter stands where is decided here and nowhere else. Nothing is executed.

use crate::db::sql::{self, render};
pub use crate::plan::Order;
use crate::plan::{ColumnPlan, KeyColumn, KeyPlan, TablePlan};

/// Which bounds a range has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub after: bool,
    pub until: bool,
}

/// One page in key order. `$1` rows, `$2` longest value, then the bounds.
pub fn fetch_by_key(table: &TablePlan, bounds: Bounds) -> String {
    let mut next = 3;
    let mut range = Vec::new();
    if bounds.after {
        let operator = if table.key.descending { "<" } else { ">" };
        range.push(key_compare(&table.key, operator, &mut next));
    }
    if bounds.until {
        let operator = if table.key.descending { ">=" } else { "<=" };
        range.push(key_compare(&table.key, operator, &mut next));
    }
    range.extend(not_done(table));
    if range.is_empty() {
        range.push("TRUE".to_owned());
    }
    render(
        sql::PAGE_FETCH_BY_KEY,
        &[
            ("relation", &table.relation.to_string()),
            ("columns", &fetched_columns(table, "$2")),
            ("key_order", &table.key.order()),
            ("range", &range.join(" AND ")),
        ],
    )
}

/// One page in physical order. `$1` rows, `$2` longest value, `$3` after, `$4` before (tids).
pub fn fetch_by_block(table: &TablePlan) -> String {
    let mut range = vec!["t.ctid > $3 AND t.ctid < $4".to_owned()];
    range.extend(not_done(table));
    render(
        sql::PAGE_FETCH_BY_BLOCK,
        &[
            ("relation", &table.relation.to_string()),
            ("columns", &fetched_columns(table, "$2")),
            ("range", &range.join(" AND ")),
        ],
    )
}

/// All rows of a range in physical order. `$1` longest value, `$2` after, `$3` before (tids).
pub fn sweep(table: &TablePlan) -> String {
    rows(table, sql::PAGE_SWEEP, "$1")
}

/// Rows written at or after a barrier, in physical order. `$1` longest value, `$2` the barrier (xid8 as text),
/// `$3` after (tid).
pub fn fetch_since(table: &TablePlan) -> String {
    rows(table, sql::PAGE_FETCH_SINCE, "$1")
}

/// Rows from anywhere. `$1` how many, `$2` longest value, `$3` the table's oid.
pub fn fetch_anywhere(table: &TablePlan) -> String {
    rows(table, sql::PAGE_FETCH_ANYWHERE, "$2")
}

/// One row, locked. `$1` longest value, `$2` its ctid.
pub fn lock_row(table: &TablePlan) -> String {
    rows(table, sql::PAGE_LOCK_ROW, "$1")
}

/// What a pass that reseals leaves out, in their own place: rows whose every value names the newest version of
/// the key of the key service that seals it.
fn not_done(table: &TablePlan) -> Option<String> {
    let done = |column: &ColumnPlan| {
        let prefix = column.done_prefix()?;
        let name = &column.name;
        let is_done = format!("t.{name} COLLATE \"C\" LIKE '{prefix}%'");
        Some(format!("coalesce({is_done} OR octet_length(t.{name}) = 0, TRUE)"))
    };
    let done: Option<Vec<String>> = table.columns.iter().map(done).collect();
    done.map(|done| format!("NOT ({})", done.join(" AND ")))
}

fn rows(table: &TablePlan, template: &str, longest: &str) -> String {
    let (relation, columns) = (table.relation.to_string(), fetched_columns(table, longest));
    render(template, &[("relation", &relation), ("columns", &columns)])
}

/// Lists failures. `$1` run, `$2` pass, `$3` table, `$4` to `$8` arrays of column, reason, SQLSTATE,
/// digest and path, then one array for each key column.
pub fn record_failures(table: &TablePlan) -> String {
    failures(table, sql::PAGE_RECORD_FAILURES, 9)
}

/// Counts accepted ones among unreadable values. `$1` table, `$2` columns, `$3` digests, `$4` paths, then the
/// keys.
pub fn count_accepted(table: &TablePlan) -> String {
    failures(table, sql::PAGE_COUNT_ACCEPTED, 5)
}

/// Which failed values are listed as they are. `$1` table, `$2` run, `$3` pass, `$4` columns, `$5` digests,
/// `$6` paths, then the keys.
pub fn listed_failures(table: &TablePlan) -> String {
    failures(table, sql::PAGE_LISTED_FAILURES, 7)
}

fn failures(table: &TablePlan, template: &str, first_key: usize) -> String {
    let keys = table.key.columns.iter().enumerate();
    let arrays: Vec<String> =
        keys.map(|(n, key)| format!("${}::{}[]", first_key + n, key.sql_type)).collect();
    let names = key_names(&table.key);
    let texts: Vec<String> = names.iter().map(|name| format!("page.{name}::text")).collect();
    render(
        template,
        &[
            ("key_arrays", &arrays.join(", ")),
            ("key_names", &names.join(", ")),
            ("key_texts", &texts.join(", ")),
        ],
    )
}

/// Row keys that cut a table into shards. `$1` percent, `$2` number of shards.
pub fn key_quantiles(table: &TablePlan) -> String {
    let names = key_names(&table.key);
    let columns = table.key.columns.iter().zip(&names);
    let key: Vec<String> = columns.map(|(key, name)| format!("t.{} AS {name}", key.name)).collect();
    render(
        sql::PAGE_KEY_QUANTILES,
        &[
            ("relation", &table.relation.to_string()),
            ("key", &key.join(", ")),
            ("key_order", &table.key.order()),
            ("key_names", &names.join(", ")),
        ],
    )
}

pub(super) fn key_names(key: &KeyPlan) -> Vec<String> {
    (1..=key.columns.len()).map(|n| format!("k{n}")).collect()
}

/// `(t."a", t."b") OPERATOR(pg_catalog.>) ($4::…, $5::…)`: the index's own operators, whatever the
/// search path.
pub(super) fn key_compare(key: &KeyPlan, operator: &str, next: &mut usize) -> String {
    let mut parameter = |column: &KeyColumn| {
        let text = format!("${}::{}", *next, column.sql_type);
        *next += 1;
        text
    };
    let parameters: Vec<String> = key.columns.iter().map(&mut parameter).collect();
    let columns: Vec<String> = key.columns.iter().map(|c| format!("t.{}", c.name)).collect();
    let schema = &key.operator_schema;
    format!("({}) OPERATOR({schema}.{operator}) ({})", columns.join(", "), parameters.join(", "))
}

/// The row key, two fields a value (see [`Fields`](super::page::Fields)), the texts for the AAD.
fn fetched_columns(table: &TablePlan, longest: &str) -> String {
    let keys = table.key.columns.iter().map(|key| format!("t.{}", key.name));
    let values = table.columns.iter().enumerate().map(|(n, column)| {
        let (stored, length) = (column.cell().stored(), column.cell().length());
        format!(
            "CASE WHEN {length} <= {longest} THEN {stored} END AS v{n}, \
             CASE WHEN {length} > {longest} THEN {length} END AS b{n}"
        )
    });
    let aad =
        table.aad_columns.iter().enumerate().map(|(n, name)| format!("t.{name}::text AS a{n}"));
    keys.chain(values).chain(aad).collect::<Vec<_>>().join(", ")
}
