//! The words of `report`.

use clap::{Args, ValueEnum};

use super::{FileWords, KeyWords};

/// Form of the report on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportForm {
    Html,
    Json,
}

#[derive(Debug, Args)]
pub struct ReportWords {
    #[command(flatten)]
    pub file: FileWords,
    #[command(flatten)]
    pub keys: KeyWords,
    /// The run to report on [default: the newest]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Form of the report on stdout: one self-contained page, or JSON
    #[arg(long, value_name = "FORMAT", default_value = "html")]
    pub output: ReportForm,
    /// How long backups, WAL archive and delayed standbys are kept: until then the previous keys stay archived
    #[arg(long, value_name = "DURATION")]
    pub backup_retention: Option<String>,
    /// List failed values with their row keys, which may be personal data
    #[arg(long)]
    pub show_keys: bool,
    /// Leave out the independent count, which reads every table once
    #[arg(long)]
    pub no_count: bool,
    /// Do not search other columns for ciphertext under the keys of the run
    #[arg(long)]
    pub no_coverage: bool,
}
