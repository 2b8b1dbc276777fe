//! The words of `failures`, and of `failures accept`.

use clap::{Args, Subcommand};

use super::{FileWords, OutputWords, WhoWords};

#[derive(Debug, Args)]
pub struct FailuresWords {
    #[command(flatten)]
    pub list: FailureListWords,
    #[command(subcommand)]
    pub accept: Option<FailureWords>,
}

#[derive(Debug, Args)]
pub struct FailureListWords {
    #[command(flatten)]
    pub file: FileWords,
    /// Also those that were resolved or accepted
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub output: OutputWords,
}

#[derive(Debug, Subcommand)]
pub enum FailureWords {
    /// Let one hopeless value no longer fail every run; audited
    Accept(AcceptWords),
}

#[derive(Debug, Args)]
pub struct AcceptWords {
    /// The failure's id, as listed
    pub id: String,
    /// Why it is accepted; stands in the ledger
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub who: WhoWords,
    #[command(flatten)]
    pub file: FileWords,
    #[command(flatten)]
    pub output: OutputWords,
}
