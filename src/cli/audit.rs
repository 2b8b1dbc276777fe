//! Who and why, for the audit trail, and the commands that read it.

use clap::{Args, Subcommand};

use super::{FileWords, OutputWords};

/// Who does this, for the audit trail.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Audit")]
pub struct WhoWords {
    /// Who does this, besides the database's role and the host
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// The change or incident it is done under
    #[arg(long, value_name = "TEXT")]
    pub ticket: Option<String>,
}

/// Who does this and why, for the audit trail.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Audit")]
pub struct WhyWords {
    #[command(flatten)]
    pub who: WhoWords,
    /// Why keys are changed: scheduled, compromise or personnel
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
}

#[derive(Debug, Args)]
pub struct AuditWords {
    #[command(subcommand)]
    pub command: AuditCommandWords,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommandWords {
    /// Every event, oldest first
    Show(AuditShowWords),
    /// Whether an event was edited, removed or cut off; exit 1 when one was
    Verify(AuditVerifyWords),
}

#[derive(Debug, Args)]
pub struct AuditShowWords {
    #[command(flatten)]
    pub file: FileWords,
    /// Only the events of this run
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    #[command(flatten)]
    pub output: OutputWords,
}

#[derive(Debug, Args)]
pub struct AuditVerifyWords {
    #[command(flatten)]
    pub file: FileWords,
    /// The audit head of a log or a report, kept outside the database: ID:HASH
    #[arg(long, value_name = "HEAD")]
    pub head: Option<String>,
    #[command(flatten)]
    pub output: OutputWords,
}
