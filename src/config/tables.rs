//! Tables and their columns, from the file or from `--column`.

use crate::cli::RunWords;
use crate::config::Troubles;
use crate::config::columns;
use crate::config::file::{ColumnWords, FileWords, TableWords};
use crate::config::names::{self, TableName};
use crate::config::rings::{self, DEFAULT_RING};
use crate::config::word::Word;
use crate::error::{Error, Result};
use crate::keys::KeyUse;
use crate::layout::{ColumnLayout, Layout, Settings, Unmatched};

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
        let name = &self.name;
        let Some(layout) = &self.layout else {
            return format!(" column {name:?} layout to be found\n");
        };
        let read: Vec<String> = layout.read().iter().map(Layout::canonical).collect();
        let write = layout.write().canonical();
        let unmatched = match layout.unmatched() {
            Unmatched::Fail => String::new(),
            other => format!(" unmatched {}", other.name()),
        };
        format!(" column {name:?} write {write:?} read {read:?}{unmatched}\n")
    }

    /// What its layouts make of the keys of its ring.
    pub(super) fn key_uses(&self) -> Vec<KeyUse> {
        let Some(layout) = &self.layout else { return vec![KeyUse::default()] };
        let uses = layout.all().enumerate().map(|(place, layout)| KeyUse::of(layout, place == 0));
        uses.collect()
    }
}

/// The tables a command works on: those of `--column` if there are any, else the file's.
pub fn resolve(typed: &RunWords, file: &FileWords, troubles: &mut Troubles) -> Vec<TableConfig> {
    if !typed.columns.is_empty() {
        return columns::tables(&typed.columns, troubles);
    }
    if file.tables.is_empty() {
        let hint = "name one with --column [SCHEMA.]TABLE.COLUMN, or [[table]] in reseal.toml";
        troubles.add(Error::usage("no column is named").hint(hint));
    }
    of_file(file, troubles)
}

/// The tables of the file, if there are any.
pub fn of_file(file: &FileWords, troubles: &mut Troubles) -> Vec<TableConfig> {
    let mut tables: Vec<TableConfig> = Vec::new();
    for words in &file.tables {
        let Some(table) = table(words, file, troubles) else { continue };
        if tables.iter().any(|earlier| earlier.name == table.name) {
            let error = words.name.wrong(format!("the table {} is named twice", table.name));
            troubles.add(error.hint("put all its columns under one [[table]]"));
        }
        tables.push(table);
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

fn column(words: &ColumnWords, troubles: &mut Troubles) -> Option<ColumnConfig> {
    let name = names::exact(&words.name.text).map_err(|what| words.name.wrong(what));
    let name = troubles.note(name);
    let column = &words.settings.settings;
    let read: Vec<Layout> = words
        .read
        .iter()
        .filter_map(|words| {
            let layout = Layout::to_read(words.settings.clone(), column);
            troubles.note(layout.map_err(|error| words.refused(error)))
        })
        .collect();
    let layout = match &words.write {
        Some(write) => {
            let settings = write.settings.clone().over(column);
            let layout = Layout::of(settings).and_then(|write| ColumnLayout::new(write, read));
            let unmatched = match &words.unmatched {
                Some(word) => troubles.note(unmatched(word))?,
                None => Unmatched::Fail,
            };
            let layout = layout.and_then(|layout| layout.with_unmatched(unmatched));
            Some(troubles.note(layout.map_err(|error| write.refused(error)))?)
        }
        None if words.read.is_empty()
            && *column == Settings::default()
            && words.unmatched.is_none() =>
        {
            None
        }
        None => {
            let error = words.name.wrong("read and settings need the layout to write");
            troubles.add(error.hint("add layout = \"…\""));
            None
        }
    };
    Some(ColumnConfig { name: name?, layout })
}

fn unmatched(word: &Word) -> Result<Unmatched> {
    let known = Unmatched::ALL.into_iter().find(|unmatched| unmatched.name() == word.text);
    known.ok_or_else(|| word.wrong("unmatched is \"fail\", \"leave\" or \"encrypt\""))
}
