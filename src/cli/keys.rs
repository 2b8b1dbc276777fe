//! Words about keys: where they are, whether they work, and new ones.

use clap::Args;

use super::{FileWords, OutputWords};

#[derive(Debug, Default, Args)]
pub struct KeyWords {
    /// Where the current key is: env:NAME or file:PATH [default: env:ENCRYPTION_KEY]
    #[arg(long, value_name = "SOURCE")]
    pub current: Option<String>,
    /// Where previous keys are, repeatable [default: env:ENCRYPTION_KEY_PREVIOUS]
    #[arg(long, value_name = "SOURCE")]
    pub previous: Vec<String>,
}

#[derive(Debug, Args)]
pub struct HealthWords {
    #[command(flatten)]
    pub file: FileWords,
    #[command(flatten)]
    pub keys: KeyWords,
    #[command(flatten)]
    pub output: OutputWords,
}

#[derive(Debug, Args)]
pub struct GenerateKeyWords {
    /// Wrap it by this KMS key and print what only that key opens, for a file: awskms:///ARN,
    /// gcpkms://RESOURCE, azurekeyvault://KEY-URL or hashivault://KEY
    #[arg(long, value_name = "URI")]
    pub wrap_with: Option<String>,
}
