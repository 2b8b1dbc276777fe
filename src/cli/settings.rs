//! The settings of `plan`, `run` and `verify`, as typed.

use clap::Args;

use super::WhyWords;

/// The settings of a run; each has the same name in `[run]` and as `RESEAL_…`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingWords {
    /// Workers, each with a shard of its own [default: 2]
    #[arg(long, value_name = "NUMBER")]
    pub workers: Option<String>,
    /// Passes over all tables before the run ends incomplete [default: 10]
    #[arg(long, value_name = "NUMBER")]
    pub max_passes: Option<String>,
    /// Failed values of one column before the run stops [default: 1000]
    #[arg(long, value_name = "NUMBER")]
    pub max_failures: Option<String>,
    /// Rows of one page at most [default: 5000]
    #[arg(long, value_name = "NUMBER")]
    pub page_rows_max: Option<String>,
    /// Rows that this process rewrites a second, at most; 0 for as many as it can [default: 0]
    #[arg(long, value_name = "NUMBER")]
    pub rows_per_second: Option<String>,
    /// How long this process works, at most; then exit 6, and the next start resumes [default: no bound]
    #[arg(long, value_name = "DURATION")]
    pub max_duration: Option<String>,
    /// Values that this process writes, at most (100 for a canary); then exit 6 [default: no bound]
    #[arg(long, value_name = "NUMBER")]
    pub max_records: Option<String>,
    /// Wait while a standby lags by more: 10s, or 64MiB of WAL [default: no bound]
    #[arg(long, value_name = "LAG")]
    pub throttle_standby_lag: Option<String>,
    /// Wait while more WAL waits for its archive: 64files, or 1GiB [default: no bound]
    #[arg(long, value_name = "BACKLOG")]
    pub throttle_archive_backlog: Option<String>,
    /// Wait while this query answers true; asked at most once a second [default: none]
    #[arg(long, value_name = "SQL")]
    pub throttle_query: Option<String>,
    /// Bytes of one page at most [default: 2MiB]
    #[arg(long, value_name = "BYTES")]
    pub page_bytes_max: Option<String>,
    /// Bytes of one value at most; a longer one is listed as too_large [default: 32MiB]
    #[arg(long, value_name = "BYTES")]
    pub value_bytes_max: Option<String>,
    /// How long the proof waits for transactions that stay open [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub max_wait: Option<String>,
    /// How long trouble outside is retried without progress [default: 1m]
    #[arg(long, value_name = "DURATION")]
    pub retry_for: Option<String>,
    /// How long a silent worker keeps its shard [default: 15s]
    #[arg(long, value_name = "DURATION")]
    pub lease: Option<String>,
    /// Seals under the current key that this database does not hold [default: 0]
    #[arg(long, value_name = "NUMBER")]
    pub other_seals: Option<String>,
    /// Calls to a key service a second, at most; 0 for half of what it usually allows [default: 0]
    #[arg(long, value_name = "NUMBER")]
    pub kms_max_rps: Option<String>,
    /// Let the proof open the values too that name the newest version of a KMS key
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub verify_open: Option<String>,
    /// Go on though no key opens most of a sample
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub allow_unreadable: Option<String>,
    /// Go back to a key that the ledger knows as a previous one
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub rollback: Option<String>,
    /// The ledger exists on the subscribers of a FOR ALL TABLES publication
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub ledger_on_subscriber: Option<String>,
    #[command(flatten)]
    pub why: WhyWords,
}
