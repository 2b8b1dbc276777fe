//! `--column [SCHEMA.]TABLE.COLUMN[:LAYOUT]`: columns named on the command line.

use crate::config::layouts::refused;
use crate::config::names::{TableName, first_unquoted_colon};
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
