//! The words of `reseal.toml`: where the file is found, and which keys it may have.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::config::document::{Document, Entry, Section, shown};
use crate::config::gate::GateFileWords;
use crate::config::layouts::LayoutWords;
use crate::config::serve::ServeFileWords;
use crate::config::word::Word;
use crate::config::{Environment, Troubles, run};
use crate::error::{Error, Result, of_reading};

/// A larger file is not a configuration.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// As long as the names of SQL; a key in the place of a name is longer, and is not repeated.
const RING_NAME_BYTES_MAX: usize = 63;

/// What the file says, word by word.
#[derive(Debug, Default)]
pub struct FileWords {
    pub rings: BTreeMap<String, RingWords>,
    pub url: Option<Word>,
    pub max_connections: Option<Word>,
    pub tables: Vec<TableWords>,
    pub run: BTreeMap<&'static str, Word>,
    pub serve: ServeFileWords,
    pub gate: GateFileWords,
}

#[derive(Debug)]
pub struct RingWords {
    pub place: String,
    pub current: Option<SourceWords>,
    pub previous: Option<Vec<SourceWords>>,
}

/// `"env:NAME"`, or a table with `from` and `kid`; or with `kms`, `wrapped` and `kid`; or with `keyset` and
/// perhaps `kms`.
#[derive(Clone, Debug)]
pub struct SourceWords {
    /// Where the key lies, or the wrapped one.
    pub from: Word,
    /// The KMS key that has wrapped it.
    pub kms: Option<Word>,
    pub label: Option<Word>,
    /// It is a keyset of Tink.
    pub is_keyset: bool,
}

#[derive(Debug)]
pub struct TableWords {
    pub name: Word,
    pub ring: Option<Word>,
    pub version: Option<Word>,
    pub columns: Vec<ColumnWords>,
}

#[derive(Debug)]
pub struct ColumnWords {
    pub name: Word,
    pub write: Option<LayoutWords>,
    pub read: Vec<LayoutWords>,
    /// What stands beside the layouts.
    pub settings: LayoutWords,
    pub unmatched: Option<Word>,
    pub empty: Option<Word>,
    pub null: Option<Word>,
    /// Paths to the values in a document.
    pub json: Option<Vec<Word>>,
}

impl FileWords {
    /// Reads `--config`, else `$RESEAL_CONFIG`, else `reseal.toml` of the working directory if it is
    /// there.
    pub fn find(typed: Option<&OsStr>, environment: &Environment) -> Result<FileWords> {
        let named = typed.map(OsStr::to_owned).or_else(|| environment.raw("RESEAL_CONFIG"));
        let path = named.as_ref().map_or_else(|| PathBuf::from("reseal.toml"), PathBuf::from);
        match read(&path, FILE_BYTES_MAX) {
            Ok(text) => FileWords::parse(path.display().to_string(), text),
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => {
                Ok(FileWords::default())
            }
            Err(error) => {
                Err(Error::usage(format!("cannot read the configuration: {}", of_reading(&error)))
                    .at(path.display().to_string()))
            }
        }
    }

    pub fn parse(name: String, text: String) -> Result<FileWords> {
        let document = Document::new(name, text);
        let mut words = FileWords::default();
        let mut troubles = Troubles::default();
        words.take_root(document.root()?, &mut troubles);
        troubles.none_or_all()?;
        Ok(words)
    }

    fn take_root(&mut self, mut root: Section<'_>, troubles: &mut Troubles) {
        if let Some(keys) = root.take("keys")
            && let Some(section) = troubles.note(keys.section("[keys]"))
        {
            self.rings.insert("keys".to_owned(), ring(section, troubles));
        }
        if let Some(rings) = root.take("ring")
            && let Some(section) = troubles.note(rings.section("[ring]"))
        {
            self.take_rings(section, troubles);
        }
        if let Some(database) = root.take("database")
            && let Some(mut section) = troubles.note(database.section("[database]"))
        {
            self.url = word(&mut section, "url", Entry::text, troubles);
            self.max_connections = word(&mut section, "max_connections", Entry::number, troubles);
            section.finish(troubles);
        }
        if let Some(tables) = root.take("table")
            && let Some(list) = troubles.note(tables.list())
        {
            let tables = list.into_iter().filter_map(|entry| table(entry, troubles));
            self.tables = tables.collect();
        }
        if let Some(settings) = root.take("run")
            && let Some(section) = troubles.note(settings.section("[run]"))
        {
            self.run = run::file_words(section, troubles);
        }
        if let Some(serve) = root.take("serve")
            && let Some(section) = troubles.note(serve.section("[serve]"))
        {
            self.serve = ServeFileWords::take(section, troubles);
        }
        if let Some(gate) = root.take("gate")
            && let Some(section) = troubles.note(gate.section("[gate]"))
        {
            self.gate = GateFileWords::take(section, troubles);
        }
        root.finish(troubles);
    }

    fn take_rings(&mut self, section: Section<'_>, troubles: &mut Troubles) {
        for (name, entry) in section.all() {
            if name.text == "keys" {
                troubles.add(name.wrong("the ring keys is the default one").hint("write [keys]"));
            } else if name.text.is_empty() || name.text.len() > RING_NAME_BYTES_MAX {
                let what = format!("a ring's name has 1 to {RING_NAME_BYTES_MAX} bytes");
                troubles.add(name.wrong(what));
            } else if let Some(section) =
                troubles.note(entry.section(&format!("[ring.{}]", name.text)))
            {
                self.rings.insert(name.text, ring(section, troubles));
            }
        }
    }
}

/// The text of a file of at most so many bytes; a longer one is not what it should be.
pub fn read(path: &Path, bytes_max: u64) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(bytes_max + 1).read_to_string(&mut text)?;
    match text.len() as u64 {
        bytes if bytes > bytes_max => Err(ErrorKind::FileTooLarge.into()),
        _ => Ok(text),
    }
}

fn ring(mut section: Section<'_>, troubles: &mut Troubles) -> RingWords {
    let place = section.place();
    let current = section.take("current").and_then(|entry| source(entry, troubles));
    let previous = section.take("previous").and_then(|entry| troubles.note(entry.list()));
    let previous = previous
        .map(|entries| entries.into_iter().filter_map(|entry| source(entry, troubles)).collect());
    section.finish(troubles);
    RingWords { place, current, previous }
}

fn source(entry: Entry<'_>, troubles: &mut Troubles) -> Option<SourceWords> {
    if !entry.is_section() {
        return troubles.note(entry.text()).map(SourceWords::plain);
    }
    let place = entry.place();
    let mut section = troubles.note(entry.section("a key"))?;
    let from = word(&mut section, "from", Entry::text, troubles);
    let kms = word(&mut section, "kms", Entry::text, troubles);
    let wrapped = word(&mut section, "wrapped", Entry::text, troubles);
    let keyset = word(&mut section, "keyset", Entry::text, troubles);
    let label = word(&mut section, "kid", Entry::number_or_text, troubles);
    section.finish(troubles);
    let trouble = match (from, kms, wrapped, keyset) {
        (Some(from), None, None, None) => {
            return Some(SourceWords { label, ..SourceWords::plain(from) });
        }
        (None, kms @ Some(_), Some(from), None) => {
            return Some(SourceWords { kms, label, ..SourceWords::plain(from) });
        }
        (None, kms, None, Some(from)) if label.is_none() => {
            return Some(SourceWords { kms, is_keyset: true, ..SourceWords::plain(from) });
        }
        (None, _, None, Some(_)) => Error::usage("a keyset has the labels of its keys itself")
            .hint("leave kid out"),
        (None, None, None, None) => Error::usage("a key has no source")
            .hint("from = \"env:NAME\" or \"file:PATH\", or keyset = \"file:PATH\""),
        _ => Error::usage("a key is plain, wrapped by a KMS, or in a keyset").hint(
            "from = \"file:PATH\"; kms = \"awskms:///ARN\" and wrapped = \"file:PATH\"; or keyset = \"file:PATH\"",
        ),
    };
    troubles.add(trouble.at(place));
    None
}

impl SourceWords {
    /// A source in the open.
    pub fn plain(from: Word) -> Self {
        Self { from, kms: None, label: None, is_keyset: false }
    }
}

fn table(entry: Entry<'_>, troubles: &mut Troubles) -> Option<TableWords> {
    let mut section = troubles.note(entry.section("[[table]]"))?;
    let place = section.place();
    let name = word(&mut section, "name", Entry::text, troubles);
    let ring = word(&mut section, "keys", Entry::text, troubles);
    let version = word(&mut section, "version", Entry::text, troubles);
    let columns = section
        .take("columns")
        .and_then(|entry| troubles.note(entry.section("[table.columns]")))
        .map(Section::all)
        .unwrap_or_default();
    let columns =
        columns.into_iter().filter_map(|(name, entry)| column(name, entry, troubles)).collect();
    section.finish(troubles);
    if name.is_none() {
        troubles
            .add(Error::usage("a table has no name").at(place).hint("name = \"public.orders\""));
    }
    Some(TableWords { name: name?, ring, version, columns })
}

/// `"go"`, or a table with `layout` or `kms` (or `write` and `read`) and settings.
fn column(name: Word, entry: Entry<'_>, troubles: &mut Troubles) -> Option<ColumnWords> {
    if !entry.is_section() {
        let settings = LayoutWords::none(name.place.clone());
        let write = Some(LayoutWords::take(entry, troubles)?);
        return Some(ColumnWords {
            name,
            write,
            read: vec![],
            settings,
            unmatched: None,
            empty: None,
            null: None,
            json: None,
        });
    }
    let mut section =
        troubles.note(entry.section(&format!("[table.columns] {}", shown(&name.text))))?;
    let layout = section.take("layout").and_then(|entry| LayoutWords::take(entry, troubles));
    let write = section.take("write").and_then(|entry| LayoutWords::take(entry, troubles));
    let kms = word(&mut section, "kms", Entry::text, troubles);
    let kms = kms.as_ref().map(LayoutWords::of_service);
    let read = section.take("read").and_then(|entry| troubles.note(entry.list()));
    let read = read.unwrap_or_default();
    let read = read.into_iter().filter_map(|entry| LayoutWords::take(entry, troubles)).collect();
    let settings = LayoutWords::beside(&mut section, name.place.clone(), troubles);
    let unmatched = word(&mut section, "unmatched", Entry::text, troubles);
    let empty = word(&mut section, "empty", Entry::text, troubles);
    let null = word(&mut section, "null", Entry::text, troubles);
    let json = section.take("json").and_then(|entry| troubles.note(entry.list()));
    let json = json
        .map(|paths| paths.into_iter().filter_map(|entry| troubles.note(entry.text())).collect());
    section.finish(troubles);
    let mut written = [layout, kms, write].into_iter().flatten();
    let write = written.next();
    if let Some(second) = written.next() {
        let what = "layout, kms and write say the same thing";
        troubles.add(second.place.wrong(what).hint("keep one of them"));
    }
    // the fields of an object are a layout by themselves
    let fields = settings.settings.fields.as_ref().map(|_| LayoutWords::none(name.place.clone()));
    let write = write.or(fields);
    Some(ColumnWords { name, write, read, settings, unmatched, empty, null, json })
}

/// The word under `key`, if it is there and of the right kind.
pub fn word<'d>(
    section: &mut Section<'d>,
    key: &'static str,
    kind: fn(Entry<'d>) -> Result<Word>,
    troubles: &mut Troubles,
) -> Option<Word> {
    section.take(key).and_then(|entry| troubles.note(kind(entry)))
}
