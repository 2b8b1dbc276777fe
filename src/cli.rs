//! Words as typed: the command line and nothing else.
//!
//! Every word stays the text it was typed as; `config` says what it means, because the same words
//! may also come from the environment or from `reseal.toml`. A word that is not understood is never
//! echoed unless it looks like a command or an option: it might be a key.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::error::{Error, Result};

mod audit;
mod failures;
mod keys;
mod refused;
mod report;
mod scan;
mod serve;
mod settings;

pub use scan::{PlanWords, ScanWords};
pub use serve::{ServeWords, ServedWords, VerifyWords};
pub use settings::SettingWords;

pub use audit::{
    AuditCommandWords, AuditShowWords, AuditVerifyWords, AuditWords, WhoWords, WhyWords,
};
pub use failures::{AcceptWords, FailureListWords, FailureWords, FailuresWords};
pub use keys::{GenerateKeyWords, HealthWords, KeyWords};
pub use report::{ReportForm, ReportWords};

/// Re-encrypts the encrypted columns of a live PostgreSQL database under a new key, and proves that
/// the old one is no longer needed.
#[derive(Debug, Parser)]
#[command(name = "reseal", version, disable_help_subcommand = true, after_help = SOURCES)]
pub struct Cli {
    #[command(flatten)]
    pub logging: LoggingWords,
    #[command(subcommand)]
    pub command: CommandWords,
}

const SOURCES: &str = "\
Keys and the database are named, never typed: env:NAME or file:PATH. Without reseal.toml the keys \
are in ENCRYPTION_KEY and ENCRYPTION_KEY_PREVIOUS, and the database is in DATABASE_URL or the PG* \
variables.";

const SETTINGS: &str = "\
A setting is an option (--max-wait), an environment variable (RESEAL_MAX_WAIT) or a line under \
[run] in reseal.toml (max_wait); the option counts most, the file least.";

#[derive(Debug, Subcommand)]
pub enum CommandWords {
    /// Say what a run would do, and whether it may; write nothing
    #[command(after_help = SETTINGS)]
    Plan(PlanWords),
    /// Re-encrypt, then prove; resumes by itself
    #[command(after_help = SETTINGS)]
    Run(ServedWords),
    /// Prove with the current key alone that the previous keys are not needed; write nothing
    #[command(after_help = SETTINGS)]
    Verify(VerifyWords),
    /// Search the database for columns holding ciphertext that a key opens; write nothing to it
    Scan(ScanWords),
    /// The newest run, or another one
    Status(StatusWords),
    /// The values that could not be resealed, each with its reason
    #[command(args_conflicts_with_subcommands = true)]
    Failures(FailuresWords),
    /// Let the workers of an unfinished run rest within one page
    Pause(RunChoiceWords),
    /// Let a paused run go on
    Resume(RunChoiceWords),
    /// Change rate and number of workers of an unfinished run, in each of its processes
    Set(SetWords),
    /// End an unfinished run within one page
    Abandon(RunChoiceWords),
    /// Who did what, when; and whether anybody changed that
    Audit(AuditWords),
    /// What a run did and what that shows, for an auditor: a page or JSON
    Report(ReportWords),
    /// Create or upgrade the job's own tables (`run` does it too)
    Ledger(LedgerWords),
    /// Check the keys: present, well formed, able to seal and open
    Health(HealthWords),
    /// Print a new random 32-byte key as 64 hexadecimal characters
    GenerateKey(GenerateKeyWords),
    /// Rotate the keys of a throwaway database, shown step by step
    Demo,
    /// Print the completion script of a shell
    Completions(CompletionsWords),
    /// Print the manual page of reseal, or write those of all commands
    Man(ManWords),
}

/// How much is said on stderr while a command works.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logging")]
pub struct LoggingWords {
    /// Say more (twice: everything)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Say less (twice: errors only)
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "verbose")]
    pub quiet: u8,
    /// Form of the log lines on stderr
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Form of a result on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct OutputWords {
    /// Form of the result on stdout
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = None)]
    pub output: Output,
}

#[derive(Debug, Default, Args)]
pub struct FileWords {
    /// Configuration file [default: $RESEAL_CONFIG, else reseal.toml here, if there is one]
    #[arg(long, value_name = "PATH", help_heading = None)]
    pub config: Option<OsString>,
}

#[derive(Debug, Args)]
pub struct RunWords {
    #[command(flatten)]
    pub file: FileWords,
    #[command(flatten)]
    pub keys: KeyWords,
    /// A column, repeatable: [SCHEMA.]TABLE.COLUMN[:LAYOUT], names as in SQL; replaces the file's tables
    #[arg(short, long = "column", value_name = "COLUMN")]
    pub columns: Vec<String>,
    /// Of the configured tables only this one, repeatable; a run of its own, whose proof is about it alone
    #[arg(long, value_name = "TABLE")]
    pub only: Vec<String>,
    #[command(flatten)]
    pub output: OutputWords,
    #[command(flatten)]
    pub settings: SettingWords,
}

#[derive(Debug, Args)]
pub struct StatusWords {
    #[command(flatten)]
    pub file: FileWords,
    /// The run to show [default: the newest]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Wait until the run has ended
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub output: OutputWords,
}

#[derive(Debug, Args)]
pub struct RunChoiceWords {
    #[command(flatten)]
    pub file: FileWords,
    /// The run that is meant [default: the only unfinished one]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    #[command(flatten)]
    pub why: WhyWords,
    #[command(flatten)]
    pub output: OutputWords,
}

#[derive(Debug, Args)]
pub struct SetWords {
    #[command(flatten)]
    pub choice: RunChoiceWords,
    /// Rows that each process rewrites a second, at most; 0 for as many as it can
    #[arg(long, value_name = "NUMBER", required_unless_present = "workers", help_heading = None)]
    pub rows_per_second: Option<String>,
    /// Workers of each process
    #[arg(long, value_name = "NUMBER", help_heading = None)]
    pub workers: Option<String>,
}

#[derive(Debug, Args)]
pub struct LedgerWords {
    #[command(flatten)]
    pub file: FileWords,
    /// Print the SQL for a DBA to apply, and touch no database
    #[arg(long)]
    pub print_sql: bool,
    #[command(flatten)]
    pub output: OutputWords,
}

#[derive(Debug, Args)]
pub struct CompletionsWords {
    /// The shell that is to read it
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManWords {
    /// Write a page for each command into this directory, which is there already
    #[arg(long, value_name = "PATH")]
    pub directory: Option<PathBuf>,
}

/// The words of the command line, or `None` when help or the version was asked for and printed.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Cli>> {
    match Cli::try_parse_from(arguments) {
        Ok(cli) => Ok(Some(cli)),
        Err(error) if refused::is_answer(&error) => match error.print() {
            // a reader that has gone away is no trouble
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Error::outside(format!("cannot write to stdout: {}", error.kind())))
            }
            _ => Ok(None),
        },
        Err(error) => Err(refused::as_error(&error)),
    }
}
