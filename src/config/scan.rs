//! What `scan` is told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::{Output, ScanWords, SettingWords};
use crate::config::file::{ColumnWords, FileWords};
use crate::config::word::Word;
use crate::config::{
    DatabaseConfig, Environment, RunConfig, TableConfig, Troubles, names, rings, tables,
};
use crate::error::Result;
use crate::keys::{KeySource, MalformedKeySource, RingConfig};
use crate::kms::KmsSettings;
use crate::layout::Settings;

/// Where to search, with which keys, and what to do with what is found.
#[derive(Debug)]
pub struct ScanCommand {
    /// Every ring that is defined, by name.
    pub rings: BTreeMap<String, RingConfig>,
    pub kms: KmsSettings,
    pub database: DatabaseConfig,
    /// How the file names the database.
    pub database_word: Option<String>,
    /// Layouts that the file names: they are tried on every column.
    pub configured: Vec<Settings>,
    pub salts: Vec<KeySource>,
    /// Empty for all.
    pub schemas: Vec<String>,
    /// Whether every value is tried.
    pub full: bool,
    /// The tables to compare with.
    pub against: Option<Vec<TableConfig>>,
    pub write: Option<PathBuf>,
    pub output: Output,
}

impl ScanCommand {
    pub(super) fn resolve(words: ScanWords, environment: &Environment) -> Result<Self> {
        let mut troubles = Troubles::default();
        let against = words.against.as_deref();
        let compared = against.map(|path| FileWords::find(Some(path), environment)).transpose()?;
        let named = words.file.config.as_deref().or(against);
        let file = FileWords::find(named, environment)?;
        // without tables, the default key is meant where it is at hand
        let is_used = match file.tables.as_slice() {
            [] => environment.raw("ENCRYPTION_KEY").is_some(),
            tables => tables.iter().any(|table| table.ring.is_none()),
        };
        let is_used = is_used || file.rings.is_empty();
        let rings = rings::resolve(&words.keys, &file, is_used, &mut troubles);
        let database = DatabaseConfig::resolve(&file, environment, &mut troubles);
        let against = compared.as_ref().map(|file| tables::of_file(file, &mut troubles));
        let files = [Some(&file), compared.as_ref()];
        let configured = files.into_iter().flatten().flat_map(layouts_of).collect();
        let salts = words.salts.iter().filter_map(|text| troubles.note(salt(text))).collect();
        let schemas = words.schemas.iter().filter_map(|text| {
            let word = Word::new(text, "--schema");
            troubles.note(names::exact(text).map_err(|what| word.wrong(what)))
        });
        let schemas = schemas.collect();
        let nothing = SettingWords::default();
        let run = RunConfig::resolve(&nothing, file.run, environment, &mut troubles);
        troubles.none_or_all()?;
        Ok(Self {
            rings,
            kms: run.kms(),
            database: database.expect("a database that is missing is one of the troubles"),
            database_word: file.url.map(|word| word.text),
            configured,
            salts,
            schemas,
            full: words.full,
            against,
            write: words.write.map(PathBuf::from),
            output: words.output.output,
        })
    }
}

/// Every layout that a file names.
pub(super) fn layouts_of(file: &FileWords) -> impl Iterator<Item = Settings> {
    file.tables.iter().flat_map(|table| &table.columns).flat_map(layouts)
}

/// What a column's words say of its layouts, each complete in itself.
fn layouts(column: &ColumnWords) -> Vec<Settings> {
    let beside = &column.settings.settings;
    let write = column.write.iter().map(|write| write.settings.clone().over(beside));
    // what is only read takes less from beside it, see `Layout::to_read`
    let read = column.read.iter().map(|read| {
        let Settings { cipher, key, aad, .. } = beside.clone();
        read.settings.clone().over(&Settings { cipher, key, aad, ..Settings::default() })
    });
    let alone = column.read.iter().map(|read| read.settings.clone());
    write.chain(read).chain(alone).collect()
}

fn salt(text: &str) -> Result<KeySource> {
    let word = Word::new(text, "--salt");
    text.parse().map_err(|malformed: MalformedKeySource| {
        let what = malformed.to_string().replace("key", "salt");
        word.wrong(what).hint("name the variable or the file that holds it, never the salt itself")
    })
}
