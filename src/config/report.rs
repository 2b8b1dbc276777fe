//! What the command means that makes a report.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cli::{ReportForm, ReportWords, SettingWords};
use crate::config::command::{database, id};
use crate::config::file::FileWords;
use crate::config::scan::layouts_of;
use crate::config::word::Word;
use crate::config::{DatabaseConfig, Environment, RunConfig, Troubles, rings, tables};
use crate::error::Result;
use crate::keys::RingConfig;
use crate::kms::KmsSettings;
use crate::layout::Settings;

/// A century: nobody keeps backups longer.
const RETENTION_MAX: Duration = Duration::from_secs(100 * 365 * 86_400);

/// What is to be reported, and how.
#[derive(Debug)]
pub struct ReportCommand {
    pub database: DatabaseConfig,
    /// `None` for the newest run.
    pub run: Option<i64>,
    pub form: ReportForm,
    /// How long backups, WAL archive and delayed standbys are kept.
    pub backup_retention: Option<Duration>,
    /// List failed values with their row keys.
    pub show_keys: bool,
    /// Count every table anew.
    pub counts: bool,
    /// With what other columns are searched for ciphertext; `None` when they are not to be.
    pub coverage: Option<Result<CoverageKeys>>,
}

/// The keys that are at hand when a report is made, and how they are used.
#[derive(Debug)]
pub struct CoverageKeys {
    /// Every ring that is defined, by name.
    pub rings: BTreeMap<String, RingConfig>,
    pub kms: KmsSettings,
    /// Layouts that the file names: they are tried on every column.
    pub configured: Vec<Settings>,
}

impl ReportCommand {
    pub(super) fn resolve(words: ReportWords, environment: &Environment) -> Result<Self> {
        let coverage = (!words.no_coverage).then(|| CoverageKeys::resolve(&words, environment));
        Ok(Self {
            coverage,
            database: database(&words.file, environment)?,
            run: words.run.map(|text| id("--run", text)).transpose()?,
            form: words.output,
            backup_retention: words.backup_retention.map(retention).transpose()?,
            show_keys: words.show_keys,
            counts: !words.no_count,
        })
    }
}

impl CoverageKeys {
    fn resolve(words: &ReportWords, environment: &Environment) -> Result<Self> {
        let mut troubles = Troubles::default();
        let file = FileWords::find(words.file.config.as_deref(), environment)?;
        let tables = tables::of_file(&file, &mut troubles);
        let is_used = file.tables.is_empty() || rings::default_is_meant(&file, &tables);
        let mut rings = rings::resolve(&words.keys, &file, is_used, &mut troubles);
        rings::tell_uses(&mut rings, &tables);
        let configured = layouts_of(&file).collect();
        let nothing = SettingWords::default();
        let run = RunConfig::resolve(&nothing, file.run, environment, &mut troubles);
        troubles.none_or_all()?;
        Ok(Self { rings, kms: run.kms(), configured })
    }
}

fn retention(text: String) -> Result<Duration> {
    let word = Word::new(text, "--backup-retention");
    let read = humantime::parse_duration(&word.text).ok();
    let read = read.filter(|read| (Duration::from_secs(1)..=RETENTION_MAX).contains(read));
    read.ok_or_else(|| word.wrong("a retention is a duration up to 100 years, such as 35d"))
}
