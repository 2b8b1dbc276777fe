//! What the command means that makes a report.

use std::time::Duration;

use crate::cli::{ReportForm, ReportWords};
use crate::config::command::{database, id};
use crate::config::word::Word;
use crate::config::{DatabaseConfig, Environment};
use crate::error::Result;

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
}

impl ReportCommand {
    pub(super) fn resolve(words: ReportWords, environment: &Environment) -> Result<Self> {
        Ok(Self {
            database: database(&words.file, environment)?,
            run: words.run.map(|text| id("--run", text)).transpose()?,
            form: words.output,
            backup_retention: words.backup_retention.map(retention).transpose()?,
            show_keys: words.show_keys,
            counts: !words.no_count,
        })
    }
}

fn retention(text: String) -> Result<Duration> {
    let word = Word::new(text, "--backup-retention");
    let read = humantime::parse_duration(&word.text).ok();
    let read = read.filter(|read| (Duration::from_secs(1)..=RETENTION_MAX).contains(read));
    read.ok_or_else(|| word.wrong("a retention is a duration up to 100 years, such as 35d"))
}
