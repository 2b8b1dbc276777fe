//! Tables and their columns, from the file or from `--column`.

use crate::cli::RunWords;
use crate::config::Troubles;
use crate::config::columns;
use crate::config::file::{ColumnWords, FileWords, TableWords};
use crate::config::names::{self, TableName};
use crate::config::rings::{self, DEFAULT_RING};
use crate::config::word::Word;
use crate::error::{Error, Result};
use crate::layout::{AadTemplate, ColumnLayout, Layout};

/// A table, or with a `*` in its name several that are alike.
#[derive(Clone, Debug)]
pub struct TableConfig {
    pub name: TableName,
    /// The name of its key ring.
    pub ring: String,
    /// An integer column to increment with every row that is written.
    pub version: Option<String>,
    pub columns: Vec<ColumnConfig>,
}

/// One encrypted column.
#[derive(Clone, Debug)]
pub struct ColumnConfig {
    /// As the catalogue holds it.
    pub name: String,
    /// `None` when it is to be found by authentication on a sample.
    pub layout: Option<ColumnLayout>,
    /// The template of the additional data as written: two commands with other data are other runs.
    aad_text: Option<String>,
}

impl TableConfig {
    pub(super) fn digest_text(&self) -> String {
        let mut columns: Vec<String> = self.columns.iter().map(ColumnConfig::digest_text).collect();
        columns.sort();
        let (name, ring, version) = (self.name.canonical(), &self.ring, &self.version);
        format!("table {name:?} ring {ring:?} version {version:?}\n{}", columns.concat())
    }
}

impl ColumnConfig {
    fn digest_text(&self) -> String {
        let write = self.layout.as_ref().map(|layout| layout.write.template());
        let read: Vec<&str> =
            self.layout.iter().flat_map(|layout| &layout.read).map(Layout::template).collect();
        let (name, aad) = (&self.name, &self.aad_text);
        format!(" column {name:?} write {write:?} read {read:?} aad {aad:?}\n")
    }
}

/// The tables a command works on: those of `--column` if there are any, else the file's.
pub fn resolve(typed: &RunWords, file: &FileWords, troubles: &mut Troubles) -> Vec<TableConfig> {
    let tables = match typed.columns.as_slice() {
        [] => {
            let tables = file.tables.iter();
            let tables = tables.filter_map(|words| table(words, file, troubles)).collect();
            refuse_twins(&tables, &file.tables, troubles);
            tables
        }
        columns => columns::tables(columns, troubles),
    };
    if file.tables.is_empty() && typed.columns.is_empty() {
        let hint = "name one with --column [SCHEMA.]TABLE.COLUMN, or [[table]] in reseal.toml";
        troubles.add(Error::usage("no column is named").hint(hint));
    }
    tables
}

fn table(words: &TableWords, file: &FileWords, troubles: &mut Troubles) -> Option<TableConfig> {
    let name = TableName::parse(&words.name.text).map_err(|what| words.name.wrong(what));
    let name = troubles.note(name);
    let ring = match &words.ring {
        Some(word) => troubles.note(rings::named(word, file)),
        None => Some(DEFAULT_RING),
    };
    let version = words
        .version
        .as_ref()
        .and_then(|word| troubles.note(names::exact(&word.text).map_err(|what| word.wrong(what))));
    let columns: Vec<ColumnConfig> =
        words.columns.iter().filter_map(|words| column(words, troubles)).collect();
    if words.columns.is_empty() {
        let error = words.name.wrong("the table has no column to reseal");
        troubles.add(error.hint("add [table.columns] with NAME = \"LAYOUT\""));
    }
    if let (Some(version), Some(word)) = (&version, &words.version)
        && columns.iter().any(|column| column.name == *version)
    {
        troubles.add(word.wrong("the version column is one of the columns to reseal"));
    }
    Some(TableConfig { name: name?, ring: ring?.to_owned(), version, columns })
}

fn refuse_twins(tables: &Vec<TableConfig>, words: &[TableWords], troubles: &mut Troubles) {
    for (at, table) in tables.iter().enumerate() {
        if tables[..at].iter().any(|earlier| earlier.name == table.name) {
            let place = words.iter().rfind(|words| words.name.text == table.name.to_string());
            let error = Error::usage(format!("the table {} is named twice", table.name));
            let error = error.hint("put all its columns under one [[table]]");
            troubles.add(match place {
                Some(words) => error.at(words.name.place.clone()),
                None => error,
            });
        }
    }
}

fn column(words: &ColumnWords, troubles: &mut Troubles) -> Option<ColumnConfig> {
    let name = names::exact(&words.name.text).map_err(|what| words.name.wrong(what));
    let name = troubles.note(name);
    let write = words.write.as_ref().map(|word| troubles.note(layout(word)));
    let read: Vec<Layout> =
        words.read.iter().filter_map(|word| troubles.note(layout(word))).collect();
    let aad = words.aad.as_ref().map(|word| {
        let parsed = AadTemplate::parse(&word.text);
        troubles.note(parsed.map_err(|error| word.wrong(error.to_string())))
    });
    let layout = match (write, aad) {
        (Some(write), aad) => Some(ColumnLayout { write: write?, read, aad: aad.unwrap_or(None) }),
        (None, None) if read.is_empty() => None,
        (None, _) => {
            let error = words.name.wrong("read and aad need the layout to write");
            troubles.add(error.hint("add layout = \"…\""));
            None
        }
    };
    let aad_text = words.aad.as_ref().map(|word| word.text.clone());
    Some(ColumnConfig { name: name?, layout, aad_text })
}

fn layout(word: &Word) -> Result<Layout> {
    Layout::named(&word.text).map_err(|error| word.wrong(error.to_string()))
}

impl ColumnConfig {
    /// A column with no additional data, as `--column` names it.
    pub(super) fn plain(name: String, layout: Option<Layout>) -> ColumnConfig {
        let layout = layout.map(|write| ColumnLayout { write, read: vec![], aad: None });
        ColumnConfig { name, layout, aad_text: None }
    }
}
