//! Tables and their columns, from the file or from `--column`.

use crate::cli::RunWords;
use crate::config::Troubles;
use crate::config::columns;
use crate::config::file::{ColumnWords, FileWords, TableWords};
use crate::config::names::{self, TableName};
use crate::config::rings::{self, DEFAULT_RING};
use crate::config::word::Word;
use crate::document::{PathError, Selection};
use crate::error::{Error, Result};
use crate::keys::KeyUse;
use crate::layout::{ColumnLayout, Empty, Layout, Nothing, Null, Over, Piece, Settings, Unmatched};

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
    /// Where in a document the values stand; `None` when the cell is the value.
    pub paths: Option<Selection>,
}

impl TableConfig {
    /// Whether keys of its ring seal some of its values, and not key services all of them.
    pub fn needs_ring(&self) -> bool {
        self.columns.iter().any(ColumnConfig::needs_ring)
    }

    /// Refuses a column that holds pieces of two values, or a value and a piece of another.
    pub(super) fn refuse_written_twice(&self, place: &str, troubles: &mut Troubles) {
        for column in &self.columns {
            let beside = format!("under `beside` of {}", column.name);
            for piece in column.beside().iter().map(Piece::name) {
                if let Err(what) = names::exact(piece) {
                    troubles.add(Error::usage(format!("{beside}: {what}")).at(place));
                }
                let others = self.columns.iter().filter(|other| other.name != column.name);
                if piece == column.name || others.into_iter().any(|other| other.writes(piece)) {
                    let what = format!("the column {piece} is written twice");
                    let hint = format!("it stands {beside}: leave it out elsewhere");
                    troubles.add(Error::usage(what).at(place).hint(hint));
                }
            }
        }
    }

    pub(super) fn digest_text(&self) -> String {
        let mut columns: Vec<String> = self.columns.iter().map(ColumnConfig::digest_text).collect();
        columns.sort();
        let (name, ring, version) = (self.name.canonical(), &self.ring, &self.version);
        format!("table {name:?} ring {ring:?} version {version:?}\n{}", columns.concat())
    }
}

impl ColumnConfig {
    /// Other columns that hold pieces of its values.
    pub fn beside(&self) -> &[Piece] {
        let layout = self.layout.as_ref().map(ColumnLayout::write);
        layout.filter(|layout| layout.over() == Over::Columns).map_or(&[], Layout::beside)
    }

    /// Whether its values are written to this column, alone or among others.
    pub fn writes(&self, column: &str) -> bool {
        self.name == column || self.beside().iter().any(|piece| piece.name() == column)
    }

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
        let Nothing { empty, null } = layout.nothing();
        let nothing = match layout.nothing() == Nothing::default() {
            true => String::new(),
            false => format!(" empty {} null {}", empty.name(), null.name()),
        };
        let paths = match &self.paths {
            None => String::new(),
            Some(paths) => format!(" json {:?}", paths.paths()),
        };
        format!(" column {name:?} write {write:?} read {read:?}{unmatched}{nothing}{paths}\n")
    }

    /// Whether keys of a ring seal some of its values.
    fn needs_ring(&self) -> bool {
        self.layout.as_ref().is_none_or(ColumnLayout::needs_ring)
    }

    /// What its layouts make of the keys of its ring.
    pub(super) fn key_uses(&self) -> Vec<KeyUse> {
        let Some(layout) = &self.layout else { return vec![KeyUse::default()] };
        let local = layout
            .all()
            .enumerate()
            .filter(|(_, layout)| layout.service().is_none() && layout.data_key().is_none());
        local.map(|(place, layout)| KeyUse::of(layout, place == 0)).collect()
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

/// What the file configures and `--column` does not name: tables, or single columns of one that it names.
pub fn left_out_by_words(typed: &RunWords, file: &FileWords, named: &[TableConfig]) -> Vec<String> {
    if typed.columns.is_empty() {
        return Vec::new();
    }
    // what is wrong with tables that are not meant is told when they are
    let configured = of_file(file, &mut Troubles::default());
    configured.iter().flat_map(|table| columns::left_out(table, named)).collect()
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
        && columns.iter().any(|column| column.writes(version))
    {
        troubles.add(word.wrong("the version column is one of the columns to reseal"));
    }
    let table = TableConfig { name: name?, ring: ring?.to_owned(), version, columns };
    table.refuse_written_twice(&words.name.place, troubles);
    Some(table)
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
            let (unmatched, nothing) = troubles.note(left_over(words))?;
            let layout = layout.and_then(|layout| layout.with_unmatched(unmatched));
            let layout = layout.and_then(|layout| layout.with_nothing(nothing));
            Some(troubles.note(layout.map_err(|error| write.refused(error)))?)
        }
        None if words.read.is_empty()
            && *column == Settings::default()
            && [&words.unmatched, &words.empty, &words.null].iter().all(|word| word.is_none()) =>
        {
            None
        }
        None => {
            let error = words.name.wrong("read and settings need the layout to write");
            troubles.add(error.hint("add layout = \"…\""));
            None
        }
    };
    let paths = match &words.json {
        Some(json) => Some(troubles.note(paths(json, layout.as_ref(), &words.name))?),
        None => layout.as_ref().and_then(whole_document),
    };
    Some(ColumnConfig { name: name?, layout, paths })
}

/// The paths to the values in a document.
fn paths(json: &[Word], layout: Option<&ColumnLayout>, column: &Word) -> Result<Selection> {
    let Some(first) = json.first() else {
        return Err(column.wrong("json names no path").hint("json = [\"$.name\"], or [\"$.**\"]"));
    };
    let refused = |word: &Word, error: PathError| {
        let refused = word.wrong(error.to_string());
        error.hint.map_or(refused.clone(), |hint| refused.hint(hint))
    };
    for path in json {
        Selection::parse(&[&path.text]).map_err(|error| refused(path, error))?;
    }
    let texts: Vec<&str> = json.iter().map(|path| path.text.as_str()).collect();
    let selection = Selection::parse(&texts).map_err(|error| refused(first, error))?;
    match layout {
        Some(layout) if layout.write().over() == Over::Columns => Err(first
            .wrong("a value in a document lies in no other column")
            .hint("of an object say fields = { … }, and of its data key `field`: leave `beside` and columns out")),
        None => Err(first
            .wrong("values in documents need the layout to write")
            .hint("add layout = \"…\"")),
        Some(layout) if selection.goes_below() && layout.has_shapeless() => Err(first
            .wrong("`**` leads to every string, and a key service would be asked about each")
            .hint("what AWS KMS and Cloud KMS seal looks like any base64: name its paths")),
        Some(layout) if layout.unmatched() == Unmatched::Encrypt && !selection.names_any() => {
            Err(first
                .wrong("`**` leads to ciphertexts, and not to what is to be encrypted")
                .hint("name the paths of the strings to encrypt"))
        }
        Some(layout) if layout.write().over() == Over::Fields => Ok(selection.of_objects()),
        Some(_) => Ok(selection),
    }
}

/// Where the values of a layout stand of which no path was said: one that is an object is the whole document.
pub(super) fn whole_document(layout: &ColumnLayout) -> Option<Selection> {
    let is_object = layout.write().over() == Over::Fields;
    is_object.then(|| Selection::parse(&["$"]).ok()).flatten().map(Selection::of_objects)
}

/// What becomes of values without the shape of a layout, and of cells that hold nothing.
fn left_over(words: &ColumnWords) -> Result<(Unmatched, Nothing)> {
    let unmatched = one_of(
        &words.unmatched,
        Unmatched::ALL.map(|known| (known.name(), known)),
        "unmatched is \"fail\", \"leave\" or \"encrypt\"",
    )?;
    let empty = one_of(
        &words.empty,
        Empty::ALL.map(|known| (known.name(), known)),
        "empty is \"leave\", \"fail\" or \"encrypt\"",
    )?;
    let null = one_of(
        &words.null,
        Null::ALL.map(|known| (known.name(), known)),
        "null is \"leave\" or \"fail\"",
    )
    .map_err(|wrong| wrong.hint("NULL is never encrypted: nothing that opens is NULL again"))?;
    Ok((unmatched, Nothing { empty, null }))
}

/// The choice that a word names; the default one when there is no word.
fn one_of<T: Copy + Default>(
    word: &Option<Word>,
    choices: impl IntoIterator<Item = (&'static str, T)>,
    wrong: &str,
) -> Result<T> {
    let Some(word) = word else { return Ok(T::default()) };
    let known = choices.into_iter().find(|(name, _)| *name == word.text);
    known.map(|(_, choice)| choice).ok_or_else(|| word.wrong(wrong))
}
