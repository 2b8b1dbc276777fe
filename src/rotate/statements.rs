//! The page statements of one table, rendered once.
//!
//! Text only: which parameter stands where is decided here and nowhere else. Nothing is executed.

use crate::db::identifier::Identifier;
use crate::db::sql::{self, render};
use crate::plan::{ColumnKind, ColumnPlan, KeyColumn, KeyPlan, TablePlan};

/// Which bounds a range has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub after: bool,
    pub until: bool,
}

/// How the rows of a page lie, which decides the range predicate of its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    ByKey,
    Physical,
}

/// The order of the write statements' parameters: `$1` tableoid, `$2` xmins, then one array for each
/// key column, value column and AAD text (and value as read, when values are compared), then the
/// range's lower and upper bound.
pub const WRITE_FIRST_ARRAY: usize = 3;

/// One page in key order. `$1` rows, `$2` bytes, `$3` longest value, then the bounds.
pub fn fetch_by_key(table: &TablePlan, bounds: Bounds) -> String {
    let mut next = 4;
    let mut range = Vec::new();
    if bounds.after {
        let operator = if table.key.descending { "<" } else { ">" };
        range.push(key_compare(&table.key, operator, &mut next));
    }
    if bounds.until {
        let operator = if table.key.descending { ">=" } else { "<=" };
        range.push(key_compare(&table.key, operator, &mut next));
    }
    if range.is_empty() {
        range.push("TRUE".to_owned());
    }
    render(
        sql::PAGE_FETCH_BY_KEY,
        &[
            ("relation", &table.relation.to_string()),
            ("columns", &fetched_columns(table, "$3")),
            ("row_bytes", &row_bytes(table, "$3")),
            ("key_order", &key_order(&table.key)),
            ("range", &range.join(" AND ")),
        ],
    )
}

/// One page in physical order. `$1` bytes, `$2` longest value, `$3` after, `$4` before (tids).
pub fn fetch_by_block(table: &TablePlan) -> String {
    render(
        sql::PAGE_FETCH_BY_BLOCK,
        &[
            ("relation", &table.relation.to_string()),
            ("columns", &fetched_columns(table, "$2")),
            ("row_bytes", &row_bytes(table, "$2")),
        ],
    )
}

/// Rows written at or after a barrier. `$1` longest value, `$2` the barrier (xid8 as text).
pub fn fetch_since(table: &TablePlan) -> String {
    render(
        sql::PAGE_FETCH_SINCE,
        &[("relation", &table.relation.to_string()), ("columns", &fetched_columns(table, "$1"))],
    )
}

/// One row, locked. `$1` longest value, then its key.
pub fn lock_row(table: &TablePlan) -> String {
    let mut next = 2;
    render(
        sql::PAGE_LOCK_ROW,
        &[
            ("relation", &table.relation.to_string()),
            ("columns", &fetched_columns(table, "$1")),
            ("key_equals", &key_compare(&table.key, "=", &mut next)),
        ],
    )
}

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
        write: parts.render(sql::PAGE_WRITE, true),
        write_unlocked: parts.render(sql::PAGE_WRITE_UNLOCKED, true),
        unwritten: parts.render(sql::PAGE_UNWRITTEN, false),
    }
}

/// Lists failures. `$1` run, `$2` pass, `$3` table, `$4` to `$7` arrays of column, reason, SQLSTATE and
/// digest, then one array for each key column.
pub fn record_failures(table: &TablePlan) -> String {
    failures(table, sql::PAGE_RECORD_FAILURES, 8)
}

/// Counts accepted ones among unreadable values. `$1` table, `$2` columns, `$3` digests, then the keys.
pub fn count_accepted(table: &TablePlan) -> String {
    failures(table, sql::PAGE_COUNT_ACCEPTED, 4)
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
            ("key_order", &key_order(&table.key)),
            ("key_names", &names.join(", ")),
        ],
    )
}

fn key_names(key: &KeyPlan) -> Vec<String> {
    (1..=key.columns.len()).map(|n| format!("k{n}")).collect()
}

fn key_order(key: &KeyPlan) -> String {
    let direction = if key.descending { " DESC" } else { "" };
    let columns: Vec<String> =
        key.columns.iter().map(|column| format!("t.{}{direction}", column.name)).collect();
    columns.join(", ")
}

/// `(t."a", t."b") OPERATOR(pg_catalog.>) ($4::…, $5::…)`: the index's own operators, whatever the
/// search path.
fn key_compare(key: &KeyPlan, operator: &str, next: &mut usize) -> String {
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
        let name = &column.name;
        format!(
            "CASE WHEN octet_length(t.{name}) <= {longest} THEN t.{name} END AS v{n}, octet_length(t.{name}) AS b{n}"
        )
    });
    let aad =
        table.aad_columns.iter().enumerate().map(|(n, name)| format!("t.{name}::text AS a{n}"));
    keys.chain(values).chain(aad).collect::<Vec<_>>().join(", ")
}

/// How many bytes a row brings along; in parentheses, since it is subtracted from a sum.
fn row_bytes(table: &TablePlan, longest: &str) -> String {
    let bytes = |name: &Identifier| {
        format!(
            "CASE WHEN octet_length(t.{name}) <= {longest} THEN octet_length(t.{name}) ELSE 0 END"
        )
    };
    let columns: Vec<String> = table.columns.iter().map(|column| bytes(&column.name)).collect();
    format!("({})", columns.join(" + "))
}

/// The fragments that the write statements share.
struct WriteParts {
    relation: String,
    arrays: String,
    array_names: String,
    key_match: String,
    assignments: String,
    altered: String,
    range: String,
}

impl WriteParts {
    fn of(table: &TablePlan, order: Order, compares_values: bool) -> Self {
        let mut arrays = vec!["$2::xid[]".to_owned()];
        let mut names = vec!["read_xmin".to_owned()];
        let mut next = WRITE_FIRST_ARRAY;
        let mut array = |sql_type: &str, name: String| {
            arrays.push(format!("${next}::{sql_type}[]"));
            names.push(name);
            next += 1;
        };
        for (key, name) in table.key.columns.iter().zip(key_names(&table.key)) {
            array(&key.sql_type.to_string(), name);
        }
        for (n, column) in table.columns.iter().enumerate() {
            array(kind_type(column.kind), format!("v{n}"));
        }
        for n in 0..table.aad_columns.len() {
            array("text", format!("a{n}"));
        }
        let mut key_match = key_match(&table.key);
        if compares_values {
            for (n, column) in table.columns.iter().enumerate() {
                array(kind_type(column.kind), format!("o{n}"));
                key_match.push_str(&format!(" AND {}", same_value(column, n)));
            }
        }
        Self {
            relation: table.relation.to_string(),
            arrays: arrays.join(", "),
            array_names: names.join(", "),
            key_match,
            assignments: assignments(table),
            altered: altered(table),
            range: range(table, order, next),
        }
    }

    fn render(&self, template: &str, writes: bool) -> String {
        let mut fragments = vec![
            ("relation", self.relation.as_str()),
            ("arrays", &self.arrays),
            ("array_names", &self.array_names),
            ("key_match", &self.key_match),
            ("range", &self.range),
        ];
        if writes {
            fragments.push(("assignments", &self.assignments));
            fragments.push(("altered", &self.altered));
        }
        render(template, &fragments)
    }
}

fn kind_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bytea => "bytea",
        ColumnKind::Text => "text",
    }
}

fn key_match(key: &KeyPlan) -> String {
    let columns = key.columns.iter().zip(key_names(key));
    let matches: Vec<String> = columns
        .map(|(column, name)| {
            format!("t.{} OPERATOR({}.=) page.{name}", column.name, key.operator_schema)
        })
        .collect();
    matches.join(" AND ")
}

fn same_value(column: &ColumnPlan, n: usize) -> String {
    let name = &column.name;
    match column.kind {
        ColumnKind::Bytea => format!("t.{name} IS NOT DISTINCT FROM page.o{n}"),
        ColumnKind::Text => format!("t.{name}::text COLLATE \"C\" IS NOT DISTINCT FROM page.o{n}"),
    }
}

/// A value that was not resealed stays as it is; so does its TOAST.
fn assignments(table: &TablePlan) -> String {
    let values = table
        .columns
        .iter()
        .enumerate()
        .map(|(n, column)| format!("{0} = coalesce(page.v{n}, t.{0})", column.name));
    let version = table.version.iter().map(|name| format!("{name} = t.{name} + 1"));
    values.chain(version).collect::<Vec<_>>().join(", ")
}

/// Whether the row as it now stands differs from what was meant: a trigger put another value in, or
/// changed a column that the value is bound to.
fn altered(table: &TablePlan) -> String {
    let values = table.columns.iter().enumerate().map(|(n, column)| {
        let name = &column.name;
        match column.kind {
            ColumnKind::Bytea => {
                format!("(page.v{n} IS NOT NULL AND t.{name} IS DISTINCT FROM page.v{n})")
            }
            ColumnKind::Text => format!(
                "(page.v{n} IS NOT NULL AND t.{name}::text COLLATE \"C\" IS DISTINCT FROM page.v{n})"
            ),
        }
    });
    let aad = table
        .aad_columns
        .iter()
        .enumerate()
        .map(|(n, name)| format!("t.{name}::text COLLATE \"C\" IS DISTINCT FROM page.a{n}"));
    values.chain(aad).collect::<Vec<_>>().join(" OR ")
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
