//! `--column [SCHEMA.]TABLE.COLUMN[:LAYOUT]`: columns named on the command line.

use crate::config::layouts::refused;
use crate::config::names::{NamePattern, TableName, first_unquoted_colon};
use crate::config::rings::DEFAULT_RING;
use crate::config::tables::whole_document;
use crate::config::word::Word;
use crate::config::{ColumnConfig, TableConfig, Troubles};
use crate::error::Result;
use crate::layout::{ColumnLayout, Layout};

/// The columns by table, both in the order they were typed in.
pub fn tables(typed: &[String], troubles: &mut Troubles) -> Vec<TableConfig> {
    let mut tables: Vec<TableConfig> = Vec::new();
    for text in typed {
        let word = Word::new(text, "--column");
        let Some((name, column)) = troubles.note(column(&word)) else { continue };
        let known = tables.iter_mut().find(|table| table.name == name);
        match known {
            None => tables.push(TableConfig {
                name,
                ring: DEFAULT_RING.to_owned(),
                version: None,
                columns: vec![column],
            }),
            Some(table) if table.columns.iter().any(|other| other.name == column.name) => {
                let place = format!("--column {name}.{}", column.name);
                troubles.add(word.wrong("the column is named twice").at(place));
            }
            Some(table) => table.columns.push(column),
        }
    }
    for table in &tables {
        table.refuse_written_twice(&format!("--column {}", table.name), troubles);
    }
    tables
}

/// What of a configured table is not among the columns that were `named`: all of it by its name, or columns by theirs.
pub fn left_out(table: &TableConfig, named: &[TableConfig]) -> Vec<String> {
    let of_table: Vec<&TableConfig> =
        named.iter().filter(|other| covers(&other.name, &table.name)).collect();
    if of_table.is_empty() {
        return vec![table.name.to_string()];
    }
    let is_named = |column: &ColumnConfig| {
        of_table.iter().any(|other| other.columns.iter().any(|named| named.name == column.name))
    };
    let rest = table.columns.iter().filter(|column| !is_named(column));
    rest.map(|column| format!("{}.{}", table.name, column.name)).collect()
}

/// Whether a name means all that another one means, as far as the names tell it; one without a schema is taken for one
/// in `public`.
fn covers(name: &TableName, other: &TableName) -> bool {
    let covers = |pattern: &NamePattern, other: &NamePattern| match other {
        NamePattern::Exact(name) => pattern.matches(name),
        NamePattern::Wildcard(_) => pattern == other,
    };
    let public = NamePattern::Exact("public".to_owned());
    let schema = |name: &TableName| name.schema.clone().unwrap_or_else(|| public.clone());
    covers(&schema(name), &schema(other)) && covers(&name.table, &other.table)
}

fn column(word: &Word) -> Result<(TableName, ColumnConfig)> {
    let (name, layout) = match first_unquoted_colon(&word.text) {
        Some(colon) => (&word.text[..colon], Some(&word.text[colon + 1..])),
        None => (word.text.as_str(), None),
    };
    let (table, column) = TableName::parse_with_column(name).map_err(|what| {
        word.wrong(what).hint("write [SCHEMA.]TABLE.COLUMN[:LAYOUT], names as in SQL")
    })?;
    let layout = layout.map(|text| Layout::named(text).and_then(ColumnLayout::try_from));
    let layout = layout.transpose().map_err(|error| refused(word, error))?;
    let paths = layout.as_ref().and_then(whole_document);
    Ok((table, ColumnConfig { name: column, layout, paths }))
}
