//! The words of `scan`, and of `plan`, which searches too.

use std::ffi::OsString;

use clap::Args;

use super::{FileWords, KeyWords, OutputWords, RunWords};

#[derive(Debug, Args)]
pub struct ScanWords {
    #[command(flatten)]
    pub file: FileWords,
    #[command(flatten)]
    pub keys: KeyWords,
    /// A salt that an application derives its keys with, repeatable: env:NAME or file:PATH
    #[arg(long = "salt", value_name = "SOURCE")]
    pub salts: Vec<String>,
    /// A schema to search, by its exact name, repeatable [default: all but the server's own]
    #[arg(long = "schema", value_name = "NAME")]
    pub schemas: Vec<String>,
    /// Try every value instead of a sample
    #[arg(long)]
    pub full: bool,
    /// List what this configuration does not cover, and end in exit code 1 if there is any; its keys and
    /// database are used when --config names no other
    #[arg(long, value_name = "PATH")]
    pub against: Option<OsString>,
    /// Write what was found as a configuration; a file that exists is left as it is
    #[arg(long, value_name = "PATH")]
    pub write: Option<OsString>,
    #[command(flatten)]
    pub output: OutputWords,
}

/// The words of `plan`, which compares what it is told with what a search finds.
#[derive(Debug, Args)]
pub struct PlanWords {
    #[command(flatten)]
    pub run: RunWords,
    /// Do not look for columns that the configuration does not name
    #[arg(long, help_heading = None)]
    pub no_coverage: bool,
}
